import type { NatsConnection } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { Collector } from "../testing/collector.ts";
import { bytes, openBroker, ownServer, plainClient } from "../testing/open-broker.ts";

const SOON = { timeoutMs: 10_000 };

describe("drain", () => {
  it("closes without an error, tells subscribers, and refuses what comes after", async () => {
    const server = await ownServer();
    const { broker, states } = await openBroker(server.url);
    const ended = new Collector<string>();
    await broker.subscribe(
      "chat.a",
      () => {},
      ({ code }) => ended.push(code),
    ).ready;
    const first = broker.drain();
    expect(broker.drain()).toBe(first);
    await first;
    expect(await broker.closed).toBeUndefined();
    expect(broker.state).toBe("closed");
    expect(states.items).toEqual(["closed"]);
    expect(ended.items).toEqual(["closed"]);
    expect(broker.publish("chat.a", bytes(""), { lane: "direct" })).toBe("unavailable");
    expect(await broker.request("a.b", bytes(""), SOON)).toEqual({ kind: "unavailable" });
    await expect(
      broker.subscribe(
        "chat.a",
        () => {},
        () => {},
      ).ready,
    ).rejects.toMatchObject({ code: "closed" });
    await expect(broker.flush()).rejects.toMatchObject({ code: "closed" });
    expect(broker.stats).toMatchObject({ liveSubscriptions: 0, disconnects: 0 });
  });

  it("sends what was published before", async () => {
    const server = await ownServer();
    const { broker } = await openBroker(server.url);
    const backend = await plainClient(server.url);
    const received = new Collector<string>();
    backend.subscribe("rt.chat.a", { callback: (_, message) => received.push(message.string()) });
    await backend.flush();
    for (let index = 0; index < 1_000; index++)
      broker.publish("chat.a", bytes(`${index}`), { lane: "direct" });
    await broker.drain();
    const all = await received.count(1_000);
    expect(all[999]).toBe("999");
  });

  /** Time enough for a drain that does not wait to be over. */
  async function roundTrips(connection: NatsConnection): Promise<void> {
    for (let count = 0; count < 100; count++) await connection.flush();
  }

  it("lets handlers under way finish and answer, and takes no new calls", async () => {
    const server = await ownServer();
    const { broker } = await openBroker(server.url);
    const caller = await plainClient(server.url);
    const working = new Collector<string>();
    const finish = Promise.withResolvers<void>();
    await broker.respond("slow.*", "q", async ({ method }) => {
      working.push(method);
      await finish.promise;
      return bytes("done");
    }).ready;
    const answer = caller.request("rpc.slow.a", "", { timeout: 10_000 });
    await working.count(1);
    const drained = broker.drain();
    await expect(broker.respond("late.*", "q", () => bytes("")).ready).rejects.toMatchObject({
      code: "closed",
    });
    await roundTrips(caller);
    await expect(caller.request("rpc.slow.b", "")).rejects.toThrow(/no responders/);
    expect(broker.state).toBe("connected");
    finish.resolve();
    expect((await answer).string()).toBe("done");
    await drained;
    expect(broker.state).toBe("closed");
  });

  it("lets requests under way finish, and takes no new ones", async () => {
    const server = await ownServer();
    const { broker } = await openBroker(server.url);
    const backend = await plainClient(server.url);
    const asked = new Collector<() => void>();
    backend.subscribe("rpc.slow.a", {
      callback: (_, message) => asked.push(() => void message.respond("ok")),
    });
    await backend.flush();
    const request = broker.request("slow.a", bytes(""), SOON);
    await asked.count(1);
    const drained = broker.drain();
    expect(await broker.request("slow.a", bytes(""), SOON)).toEqual({ kind: "unavailable" });
    await roundTrips(backend);
    expect(broker.state).toBe("connected");
    asked.items[0]?.();
    expect(await request).toEqual({ kind: "reply", payload: bytes("ok") });
    await drained;
    expect(broker.state).toBe("closed");
  });

  it("does not wait longer than it may for a handler or a server that hangs", async () => {
    const server = await ownServer();
    const { broker } = await openBroker(server.url, { drainTimeoutMs: 50 });
    const working = new Collector<string>();
    await broker.respond("hang.*", "q", ({ method }) => {
      working.push(method);
      return new Promise<Uint8Array>(() => {});
    }).ready;
    const caller = await plainClient(server.url);
    caller.publish("rpc.hang.a", "");
    await working.count(1);
    await broker.drain();
    expect(broker.state).toBe("closed");

    const second = await openBroker(server.url, { drainTimeoutMs: 50 });
    await server.pause();
    await second.broker.drain();
    expect(second.broker.state).toBe("closed");
    expect(await second.broker.closed).toBeUndefined();
    await server.resume();
  });

  it("closes at once while there is no connection, and leaves no attempt behind", async () => {
    const server = await ownServer({ monitor: true });
    const { broker, states } = await openBroker(server.url, { drainTimeoutMs: 3_600_000 });
    await server.kill();
    await states.count(1);
    await broker.drain();
    expect(broker.state).toBe("closed");
    await server.restart();
    // An attempt that was left would get in before this one, which starts later and takes longer.
    for (let count = 0; count < 5; count++) await (await plainClient(server.url)).flush();
    const page = await fetch(`${server.monitorUrl}/connz`);
    expect(JSON.stringify(await page.json())).not.toContain("node-under-test");
    expect(states.items).toEqual(["disconnected", "closed"]);
  });

  it("stops waiting when the connection breaks meanwhile", async () => {
    const server = await ownServer();
    const { broker } = await openBroker(server.url, { drainTimeoutMs: 3_600_000 });
    const working = new Collector<string>();
    await broker.respond("hang.*", "q", ({ method }) => {
      working.push(method);
      return new Promise<Uint8Array>(() => {});
    }).ready;
    void broker.request("hang.a", bytes(""), SOON);
    await working.count(1);
    const drained = broker.drain();
    await server.kill();
    await drained;
    expect(broker.state).toBe("closed");
  });
});
