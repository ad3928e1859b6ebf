import type { JoinFrom } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { EPOCH } from "../../testing/fake-follow.ts";
import { fakeNode } from "../../testing/fake-node.ts";
import { FakeSession } from "../../testing/fake-session.ts";
import { turns } from "../../testing/turns.ts";
import { type JoinOutcome, type Subscription, Subscriptions } from "./subscriptions.ts";

const FROM_NOW: JoinFrom = { kind: "now" };

function fixture() {
  const { broker, context } = fakeNode();
  const subscriber = new FakeSession(context);
  return { broker, hub: context.hub, subscriber, subscriptions: new Subscriptions() };
}

/** Asks for the seat; what comes of it stands in the list then. */
function join(subscription: Subscription, from = FROM_NOW): JoinOutcome["kind"][] {
  const outcomes: JoinOutcome["kind"][] = [];
  subscription.join(from, ({ kind }) => outcomes.push(kind));
  return outcomes;
}

describe("Subscriptions", () => {
  it("delivers from the moment it is seated to its end, and nothing outside", async () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    const subscription = subscriptions.add(hub, subscriber, "chat.lobby", "raw");
    broker.last.message("too early");
    await turns();
    expect(subscription.isActive).toBe(false);
    const outcomes = join(subscription);
    await turns();
    expect([subscription.isActive, outcomes]).toStrictEqual([true, ["joined"]]);
    broker.last.message("in time");
    await turns();
    subscriptions.remove("chat.lobby");
    broker.last.message("too late");
    await turns();
    expect(subscriber.delivered.map(({ bytes }) => Buffer.from(bytes).toString())).toStrictEqual(["in time"]);
  });

  it("takes no seat after it was given up, and says so to who asked for it", async () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    broker.confirms = false;
    const outcomes = join(subscriptions.add(hub, subscriber, "chat.lobby", "json"));
    expect(subscriptions.remove("chat.lobby")).toBe(true);
    expect(outcomes).toStrictEqual(["ended"]);
    expect(broker.last.closes).toBe(1);
    broker.last.confirm();
    await turns();
    broker.last.message("1");
    await turns();
    expect(outcomes).toStrictEqual(["ended"]);
    expect(subscriber.delivered).toStrictEqual([]);
  });

  it("lets go of its channel once, however often it ends", async () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    const other = new Subscriptions();
    const subscription = subscriptions.add(hub, subscriber, "chat.lobby", "json");
    other.add(hub, subscriber, "chat.lobby", "json");
    join(subscription);
    await turns();
    subscription.end();
    subscription.end();
    subscriptions.removeOne(subscription);
    expect(hub.size).toBe(1);
    other.clear();
    expect([hub.size, broker.last.closes]).toStrictEqual([0, 1]);
  });

  it("knows what it has", () => {
    const { hub, subscriber, subscriptions } = fixture();
    expect([subscriptions.size, subscriptions.has("chat.a"), subscriptions.names()]).toStrictEqual([
      0,
      false,
      [],
    ]);
    expect(subscriptions.remove("chat.a")).toBe(false);
    expect(subscriptions.hasLive).toBe(false);
    subscriptions.add(hub, subscriber, "feed.a", "json");
    expect(subscriptions.hasLive).toBe(false);
    subscriptions.add(hub, subscriber, "chat.*", "json");
    expect([subscriptions.size, subscriptions.has("feed.a")]).toStrictEqual([2, true]);
    expect(subscriptions.names()).toStrictEqual(["feed.a", "chat.*"]);
    expect(subscriptions.hasLive).toBe(true);
  });

  it("ends exactly the one that is meant, and not a later one of the same name", () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    const first = subscriptions.add(hub, subscriber, "chat.a", "json");
    subscriptions.remove("chat.a");
    subscriptions.add(hub, subscriber, "chat.a", "json");
    subscriptions.removeOne(first);
    expect(subscriptions.has("chat.a")).toBe(true);
    expect(broker.last.closes).toBe(0);
  });

  it("ends all at once, and can be cleared when there is nothing", () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    subscriptions.clear();
    join(subscriptions.add(hub, subscriber, "chat.a", "json"));
    subscriptions.add(hub, subscriber, "chat.b", "json");
    subscriptions.clear();
    expect(subscriptions.size).toBe(0);
    expect(broker.subscriptions.map(({ closes }) => closes)).toStrictEqual([1, 1]);
  });
});

describe("a checkpoint", () => {
  it("is where all replayable channels of a connection stand, as live ones stand nowhere", () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    expect(subscriptions.checkpoint()).toBeUndefined();
    join(subscriptions.add(hub, subscriber, "chat.a", "json"));
    expect(subscriptions.checkpoint()).toBeUndefined();
    join(subscriptions.add(hub, subscriber, "feed.a", "json"));
    join(subscriptions.add(hub, subscriber, "feed.b", "json"));
    for (const follow of broker.follows) {
      follow.advance(100);
    }
    expect(subscriptions.checkpoint()).toBe(`${EPOCH}-2s`);
  });

  it("has nothing in front of it that was not delivered, and nothing behind it that was", () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    join(subscriptions.add(hub, subscriber, "feed.a", "json"));
    join(subscriptions.add(hub, subscriber, "feed.b", "json"));
    const [a, b] = broker.follows;
    a?.message(100);
    // What was held back for this turn is delivered before the checkpoint is told.
    expect(subscriptions.checkpoint()).toBeUndefined();
    expect(subscriber.delivered.map(({ sequence }) => sequence)).toStrictEqual([100]);
    b?.advance(99);
    expect(subscriptions.checkpoint()).toBeUndefined();
    b?.advance(100);
    expect(subscriptions.checkpoint()).toBe(`${EPOCH}-2s`);
    a?.advance(101);
    // The other has been looked at up to 100 alone.
    expect(subscriptions.checkpoint()).toBe(`${EPOCH}-2s`);
  });

  it("waits for channels that do not stand yet", () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    join(subscriptions.add(hub, subscriber, "feed.a", "json"));
    join(subscriptions.add(hub, subscriber, "feed.b", "json"), {
      kind: "since",
      cursor: new Map([[EPOCH, 1]]),
    });
    expect(subscriptions.checkpoint()).toBeUndefined();
    const position = { epoch: EPOCH, sequence: 0 };
    broker.lastFollow.lastJoin.answer({ kind: "joined", source: "none", messages: [], position });
    expect(subscriptions.checkpoint()).toBe(`${EPOCH}-0`);
  });

  it("names every namespace, as long as they have room", () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    for (let number = 1; number <= 7; number += 1) {
      join(subscriptions.add(hub, subscriber, `feed.${number}`, "json"));
      broker.lastFollow.reset("epoch", { epoch: `epoch00${number}`, sequence: number });
      expect(subscriptions.checkpoint()?.split(".")).toStrictEqual(
        number === 7
          ? undefined
          : Array.from({ length: number }, (_, index) => `epoch00${index + 1}-${index + 1}`),
      );
    }
  });
});
