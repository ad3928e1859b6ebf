import type { BrokerError, JoinFrom } from "@tidegate/broker";
import { describe, expect, it, vi } from "vitest";
import { FakeBroker } from "../../testing/fake-broker.ts";
import { CLOSED_NAMESPACE, fakeNode, POLICIES } from "../../testing/fake-node.ts";
import { TestSeat } from "../../testing/test-seat.ts";
import { turns } from "../../testing/turns.ts";
import { NamespacePolicies } from "../namespace-policies.ts";
import { Traffic } from "../traffic.ts";
import type { HeldChannel } from "./held-channel.ts";
import { Hub } from "./hub.ts";

const NOW = 1_800_000_000_000;
const FLUSH_MS = 200;
const FROM_NOW: JoinFrom = { kind: "now" };

/** @param seats how many are served in one turn. */
function fixture(seats = Number.POSITIVE_INFINITY) {
  const { context } = fakeNode();
  const broker = new FakeBroker();
  const traffic = new Traffic();
  const lost: { readonly name: string; readonly error: BrokerError }[] = [];
  let left = 0;
  const policies = new NamespacePolicies(
    new Map([
      ...POLICIES,
      ["ticker", { ...CLOSED_NAMESPACE, flushIntervalMs: FLUSH_MS, conflate: "latest" as const }],
    ]),
  );
  const hub = new Hub({
    broker,
    policies,
    instruments: context.instruments,
    replayBytes: context.limits.replayBytes,
    budget: {
      start: () => {
        left = seats;
      },
      isSpent: () => {
        left -= 1;
        return left < 0;
      },
    },
    batchBytes: context.limits.frameBytes,
    uptime: () => Date.now(),
    traffic,
    now: () => NOW,
    onLost: (name, error) => lost.push({ name, error }),
    occupancy: undefined,
  });
  return { broker, traffic, lost, hub };
}

/** Holds a live channel and sits there. */
async function sit(
  hub: Hub,
  name: string,
  seat = new TestSeat(),
): Promise<{ held: HeldChannel; seat: TestSeat }> {
  const held = hub.hold(name);
  held.join(FROM_NOW, seat, seat.seated);
  await turns(1);
  return { held, seat };
}

describe("Hub", () => {
  it("subscribes once, however many hold a channel, and until the last lets go", async () => {
    const { broker, hub } = fixture();
    const first = hub.hold("chat.lobby");
    const second = hub.hold("chat.lobby");
    expect(broker.subscriptions).toHaveLength(1);
    first.release();
    expect([hub.size, broker.last.closes]).toStrictEqual([1, 0]);
    second.release();
    expect([hub.size, broker.last.closes]).toStrictEqual([0, 1]);
    hub.hold("chat.lobby");
    expect(broker.subscriptions).toHaveLength(2);
    await turns();
  });

  it("seats everybody who waits at the same confirmation", async () => {
    const { broker, hub } = fixture();
    broker.confirms = false;
    const { seat: first } = await sit(hub, "chat.lobby");
    const { seat: second } = await sit(hub, "chat.lobby");
    expect([first.outcomes, second.outcomes]).toStrictEqual([[], []]);
    broker.last.confirm();
    await turns();
    const joined = { kind: "joined", source: "none", frames: [], begin: undefined, position: undefined };
    expect([first.outcomes, second.outcomes]).toStrictEqual([[joined], [joined]]);
  });

  it("tells everybody who waits of a refusal, and asks anew for whoever comes then", async () => {
    const { broker, hub } = fixture();
    broker.confirms = false;
    const sitting = [await sit(hub, "chat.lobby"), await sit(hub, "chat.lobby")];
    broker.last.refuse("denied");
    await turns();
    for (const { seat } of sitting) {
      expect(seat.outcomes).toMatchObject([{ kind: "failed", error: { code: "denied" } }]);
    }
    expect(hub.size).toBe(0);
    const [refused] = broker.subscriptions;
    hub.hold("chat.lobby");
    expect(broker.subscriptions).toHaveLength(2);
    // Those who were refused let go of what they held, and of nothing else.
    for (const { held } of sitting) {
      held.release();
    }
    expect(hub.size).toBe(1);
    expect([refused?.closes, broker.last.closes]).toStrictEqual([1, 0]);
  });

  it("leaves no rejection unhandled when the holder has gone before the refusal", async () => {
    const { broker, hub } = fixture();
    broker.confirms = false;
    const { held, seat } = await sit(hub, "chat.lobby");
    held.release();
    broker.last.refuse("unavailable");
    await turns();
    expect(hub.size).toBe(0);
    expect(seat.outcomes).toStrictEqual([]);
  });

  it("reports a lost channel once, tells each seat once, and asks anew for whoever comes then", async () => {
    const { broker, lost, hub } = fixture();
    const { held, seat } = await sit(hub, "chat.lobby");
    const [first] = broker.subscriptions;
    first?.message("1");
    first?.lose("denied");
    expect(lost.map(({ name, error }) => [name, error.code])).toStrictEqual([["chat.lobby", "denied"]]);
    expect(seat.losses.map(({ code }) => code)).toStrictEqual(["denied"]);
    // What came before the end is delivered before it.
    expect(seat.frames).toHaveLength(1);
    expect(seat.index).toBe(-1);
    expect(hub.size).toBe(0);
    hub.hold("chat.lobby");
    held.release();
    expect(hub.size).toBe(1);
    expect(broker.last.closes).toBe(0);
  });

  it("delivers the messages of one turn together, each channel in the order of arrival", async () => {
    const { broker, hub } = fixture();
    const { seat: lobby } = await sit(hub, "chat.lobby");
    const { seat: staff } = await sit(hub, "chat.staff");
    const [ofLobby, ofStaff] = broker.subscriptions;
    ofLobby?.message("1");
    ofStaff?.message("2");
    ofLobby?.message("3");
    expect(lobby.deliveries).toStrictEqual([]);
    await turns(1);
    expect(lobby.deliveries).toHaveLength(1);
    expect(lobby.messages).toStrictEqual([
      { type: "message", channel: "chat.lobby", time: NOW, data: 1 },
      { type: "message", channel: "chat.lobby", time: NOW, data: 3 },
    ]);
    expect(staff.deliveries).toHaveLength(1);
    ofLobby?.message("4");
    await turns(1);
    expect(lobby.deliveries).toHaveLength(2);
  });

  it("delivers all messages of a turn at once, however many", async () => {
    const { broker, hub } = fixture();
    const { seat } = await sit(hub, "chat.lobby");
    for (let sent = 0; sent < 100; sent += 1) {
      broker.last.message("1");
    }
    await turns();
    expect(seat.deliveries.map(({ length }) => length)).toStrictEqual([100]);
  });

  it("lets other channels go first where one has more subscribers than a turn serves", async () => {
    const { broker, hub } = fixture(4);
    const crowd = [];
    for (let member = 0; member < 10; member += 1) {
      crowd.push((await sit(hub, "chat.crowd")).seat);
    }
    const few = [(await sit(hub, "chat.a")).seat, (await sit(hub, "chat.b")).seat];
    const [ofCrowd, ofA, ofB] = broker.subscriptions;
    const served = (seats: readonly TestSeat[]) => seats.filter(({ frames }) => frames.length > 0).length;
    for (const subscription of [ofCrowd, ofA, ofB]) {
      subscription?.message("1");
    }
    await turns(1);
    expect([served(crowd), served(few)]).toStrictEqual([4, 0]);
    ofCrowd?.message("2");
    await turns(1);
    expect([served(crowd), served(few)]).toStrictEqual([6, 2]);
    await turns(4);
    for (const { messages, deliveries } of crowd) {
      expect(messages).toMatchObject([{ data: 1 }, { data: 2 }]);
      expect(deliveries).toHaveLength(2);
    }
  });

  it("lets messages wait for others where the namespace says so, and counts those that made way", async () => {
    const { broker, hub, traffic } = fixture();
    const { seat: ticker } = await sit(hub, "ticker.a");
    const { seat: chat } = await sit(hub, "chat.a");
    const [ofTicker, ofChat] = broker.subscriptions;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    try {
      for (const payload of ["1", "2", "3"]) {
        ofTicker?.message(payload);
        ofChat?.message(payload);
        vi.advanceTimersByTime(FLUSH_MS / 4);
        await turns(1);
      }
      expect([ticker.deliveries.length, chat.deliveries.length]).toStrictEqual([0, 3]);
      const { seat: late } = await sit(hub, "ticker.a");
      vi.advanceTimersByTime(FLUSH_MS / 4);
      await turns(1);
      expect(ticker.messages).toMatchObject([{ data: 3 }]);
      expect([late.deliveries.length, traffic.messagesConflated]).toStrictEqual([0, 2]);
      ofTicker?.message("4");
      hub.flush();
      expect(ticker.messages).toMatchObject([{ data: 3 }, { data: 4 }]);
      expect(late.messages).toMatchObject([{ data: 4 }]);
      vi.advanceTimersByTime(2 * FLUSH_MS);
      await turns(1);
      expect(ticker.deliveries).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it("seats whoever joins a channel that stands at once", async () => {
    const { hub } = fixture();
    await sit(hub, "chat.lobby");
    const outcomes: string[] = [];
    hub.hold("chat.lobby").join(FROM_NOW, new TestSeat(), ({ kind }) => outcomes.push(kind));
    expect(outcomes).toStrictEqual(["joined"]);
  });

  it("seats nobody in front of what came before", async () => {
    const { broker, hub } = fixture();
    const { seat: first } = await sit(hub, "chat.lobby");
    const late = new TestSeat();
    broker.last.message("1");
    hub.hold("chat.lobby").join(FROM_NOW, late, () => {});
    await turns();
    broker.last.message("2");
    await turns();
    expect([first.messages.length, late.messages.length]).toStrictEqual([2, 1]);
  });

  it("delivers nothing to who left in the same turn", async () => {
    const { broker, hub } = fixture();
    const { held, seat } = await sit(hub, "chat.lobby");
    broker.last.message("1");
    held.release();
    held.release();
    await turns();
    expect(seat.deliveries).toStrictEqual([]);
  });

  it("hands on from a pattern what was published to a channel, and leaves out other subjects", async () => {
    const { broker, traffic, hub } = fixture();
    const { seat } = await sit(hub, "chat.>");
    const subjects = [
      "chat.lobby",
      'chat.x","data":"forged',
      "chat.größe",
      "chat.a..b",
      `chat.${"x".repeat(200)}`,
      "chat.2.3.4.5.6.7.8.9",
      "chat.1.2",
    ];
    for (const channel of subjects) {
      broker.last.message("1", { channel });
    }
    await turns();
    expect(seat.messages).toMatchObject([{ channel: "chat.lobby" }, { channel: "chat.1.2" }]);
    expect(traffic.messagesIgnored).toBe(5);
  });
});
