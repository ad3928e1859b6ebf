import type { BrokerError } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { FakeBroker } from "../../testing/fake-broker.ts";
import { turns } from "../../testing/turns.ts";
import { Traffic } from "../traffic.ts";
import type { Seat } from "./audience.ts";
import type { ChannelFanOut } from "./channel-fan-out.ts";
import type { Frame } from "./format.ts";
import { Hub } from "./hub.ts";

const NOW = 1_800_000_000_000;

class TestSeat implements Seat {
  index = -1;
  readonly deliveries: (readonly Frame[])[] = [];

  deliver(frames: readonly Frame[]): void {
    this.deliveries.push(frames);
  }

  get messages(): readonly unknown[] {
    return this.deliveries.flat().map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()));
  }
}

function fixture() {
  const broker = new FakeBroker();
  const traffic = new Traffic();
  const lost: { readonly channel: ChannelFanOut; readonly error: BrokerError }[] = [];
  const hub = new Hub(
    broker,
    () => NOW,
    traffic,
    (channel, error) => lost.push({ channel, error }),
  );
  return { broker, traffic, lost, hub };
}

describe("Hub", () => {
  it("subscribes once, however many hold a channel, and until the last lets go", async () => {
    const { broker, hub } = fixture();
    const first = hub.hold("chat.lobby");
    const second = hub.hold("chat.lobby");
    expect(broker.subscriptions).toHaveLength(1);
    expect(second.channel).toBe(first.channel);
    first.release();
    expect([hub.size, broker.last.closes]).toStrictEqual([1, 0]);
    second.release();
    expect([hub.size, broker.last.closes]).toStrictEqual([0, 1]);
    hub.hold("chat.lobby");
    expect(broker.subscriptions).toHaveLength(2);
    await turns();
  });

  it("lets everybody who holds a channel wait for the same confirmation", async () => {
    const { broker, hub } = fixture();
    broker.confirms = false;
    const holds = [hub.hold("chat.lobby"), hub.hold("chat.lobby")];
    let ready = 0;
    for (const hold of holds) {
      hold.ready.then(
        () => {
          ready += 1;
        },
        () => {},
      );
    }
    await turns();
    expect(ready).toBe(0);
    broker.last.confirm();
    await turns();
    expect(ready).toBe(2);
  });

  it("tells every holder of a refusal, and asks anew for whoever comes then", async () => {
    const { broker, hub } = fixture();
    broker.confirms = false;
    const holds = [hub.hold("chat.lobby"), hub.hold("chat.lobby")];
    broker.last.refuse("denied");
    for (const hold of holds) {
      await expect(hold.ready).rejects.toMatchObject({ code: "denied" });
    }
    expect(hub.size).toBe(0);
    const [refused] = broker.subscriptions;
    hub.hold("chat.lobby");
    expect(broker.subscriptions).toHaveLength(2);
    // Those who were refused let go of what they held, and of nothing else.
    for (const hold of holds) {
      hold.release();
    }
    expect(hub.size).toBe(1);
    expect([refused?.closes, broker.last.closes]).toStrictEqual([1, 0]);
  });

  it("leaves no rejection unhandled when the holder has gone before the refusal", async () => {
    const { broker, hub } = fixture();
    broker.confirms = false;
    hub.hold("chat.lobby").release();
    broker.last.refuse("unavailable");
    await turns();
    expect(hub.size).toBe(0);
  });

  it("reports a lost channel once, with its audience, and asks anew for whoever comes then", () => {
    const { broker, lost, hub } = fixture();
    const seat = new TestSeat();
    const held = hub.hold("chat.lobby");
    held.channel.join(seat, "json");
    const [first] = broker.subscriptions;
    first?.lose("denied");
    expect(lost.map(({ channel, error }) => [channel.name, error.code])).toStrictEqual([
      ["chat.lobby", "denied"],
    ]);
    expect(lost[0]?.channel.seats()).toStrictEqual([seat]);
    expect(hub.size).toBe(0);
    hub.hold("chat.lobby");
    held.release();
    expect(hub.size).toBe(1);
    expect(broker.last.closes).toBe(0);
  });

  it("delivers the messages of one turn together, each channel in the order of arrival", async () => {
    const { broker, hub } = fixture();
    const lobby = new TestSeat();
    const staff = new TestSeat();
    hub.hold("chat.lobby").channel.join(lobby, "json");
    hub.hold("chat.staff").channel.join(staff, "json");
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

  it("flushes each channel once a turn", async () => {
    const { broker, hub } = fixture();
    const { channel } = hub.hold("chat.lobby");
    channel.join(new TestSeat(), "json");
    let flushes = 0;
    const flush = channel.flush.bind(channel);
    channel.flush = () => {
      flushes += 1;
      flush();
    };
    for (let sent = 0; sent < 100; sent += 1) {
      broker.last.message("1");
    }
    await turns();
    expect(flushes).toBe(1);
  });

  it("delivers nothing to who left in the same turn", async () => {
    const { broker, hub } = fixture();
    const seat = new TestSeat();
    const held = hub.hold("chat.lobby");
    held.channel.join(seat, "json");
    broker.last.message("1");
    held.channel.leave(seat, "json");
    held.release();
    await turns();
    expect(seat.deliveries).toStrictEqual([]);
  });

  it("hands on from a pattern what was published to a channel, and leaves out other subjects", async () => {
    const { broker, traffic, hub } = fixture();
    const seat = new TestSeat();
    hub.hold("chat.>").channel.join(seat, "json");
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
