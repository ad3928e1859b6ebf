import { describe, expect, it } from "vitest";
import { FakeBroker } from "../../testing/fake-broker.ts";
import { turns } from "../../testing/turns.ts";
import type { Frame } from "../fan-out/format.ts";
import { Hub } from "../fan-out/hub.ts";
import { Traffic } from "../traffic.ts";
import { Subscriptions } from "./subscriptions.ts";

function fixture() {
  const broker = new FakeBroker();
  const hub = new Hub(
    broker,
    () => 0,
    new Traffic(),
    () => {},
  );
  const subscriber = {
    frames: [] as Frame[],
    deliver: (frames: readonly Frame[]) => subscriber.frames.push(...frames),
  };
  return { broker, hub, subscriber, subscriptions: new Subscriptions() };
}

describe("Subscriptions", () => {
  it("delivers from its activation to its end, and nothing outside", async () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    const subscription = subscriptions.add(hub, subscriber, "chat.lobby", "raw");
    broker.last.message("too early");
    await turns();
    subscription.activate();
    broker.last.message("in time");
    await turns();
    subscriptions.remove("chat.lobby");
    broker.last.message("too late");
    await turns();
    expect(subscriber.frames.map(({ bytes }) => Buffer.from(bytes).toString())).toStrictEqual(["in time"]);
  });

  it("takes one seat, however often it is activated", async () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    const subscription = subscriptions.add(hub, subscriber, "chat.lobby", "raw");
    subscription.activate();
    subscription.activate();
    broker.last.message("1");
    await turns();
    expect(subscriber.frames).toHaveLength(1);
  });

  it("takes no seat after it was given up", async () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    const subscription = subscriptions.add(hub, subscriber, "chat.lobby", "json");
    expect(subscription.isEnded).toBe(false);
    expect(subscriptions.remove("chat.lobby")).toBe(true);
    expect(subscription.isEnded).toBe(true);
    expect(broker.last.closes).toBe(1);
    subscription.activate();
    broker.last.message("1");
    await turns();
    expect(subscriber.frames).toStrictEqual([]);
  });

  it("lets go of its channel once, however often it ends", () => {
    const { broker, hub, subscriber, subscriptions } = fixture();
    const other = new Subscriptions();
    const subscription = subscriptions.add(hub, subscriber, "chat.lobby", "json");
    other.add(hub, subscriber, "chat.lobby", "json");
    subscription.activate();
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
    subscriptions.add(hub, subscriber, "chat.a", "json");
    subscriptions.add(hub, subscriber, "chat.*", "json");
    expect([subscriptions.size, subscriptions.has("chat.a")]).toStrictEqual([2, true]);
    expect(subscriptions.names()).toStrictEqual(["chat.a", "chat.*"]);
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
    subscriptions.add(hub, subscriber, "chat.a", "json").activate();
    subscriptions.add(hub, subscriber, "chat.b", "json");
    subscriptions.clear();
    expect(subscriptions.size).toBe(0);
    expect(broker.subscriptions.map(({ closes }) => closes)).toStrictEqual([1, 1]);
  });
});
