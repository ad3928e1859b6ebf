import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { freePort } from "@tidegate/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { Collector } from "../testing/collector.ts";
import { bytes, kept, openBroker, ownServer, plainClient } from "../testing/open-broker.ts";
import type { Broker } from "./broker.ts";

const FAST_PINGS = { pingIntervalMs: 150, maxPingOut: 1, connectTimeoutMs: 300 };

function interruptions(broker: Broker): Collector<string> {
  const seen = new Collector<string>();
  broker.onInterruption(() => seen.push(broker.state));
  return seen;
}

describe("a server that is killed and comes back", () => {
  it("shows as disconnected and connected, then as one interruption, and delivery goes on", async () => {
    const server = await ownServer();
    const { broker, states } = await openBroker(server.url);
    const interrupted = interruptions(broker);
    const received = new Collector<ReturnType<typeof kept>>();
    for (const target of ["chat.lobby", "news.>"]) {
      await broker.subscribe(
        target,
        (message) => received.push(kept(message)),
        () => {},
      ).ready;
    }

    await server.kill();
    await states.count(1);
    expect(broker.state).toBe("disconnected");
    expect(interrupted.items).toEqual([]);

    await server.restart();
    await interrupted.count(1);
    expect(states.items).toEqual(["disconnected", "connected"]);
    const backend = await plainClient(server.url);
    backend.publish("rt.chat.lobby", "back");
    backend.publish("rt.news.sport", "again");
    expect((await received.count(2)).map(({ payload }) => payload)).toEqual(["back", "again"]);

    await server.kill();
    await states.count(3);
    await server.restart();
    await interrupted.count(2);
    await broker.flush();
    expect(interrupted.items).toEqual(["connected", "connected"]);
    expect(broker.stats).toMatchObject({ disconnects: 2, reconnects: 2, liveSubscriptions: 2 });
  });

  it("calls an interruption listener no more once it is taken away", async () => {
    const server = await ownServer();
    const { broker } = await openBroker(server.url);
    const gone = new Collector<string>();
    const stays = interruptions(broker);
    broker.onInterruption(() => gone.push("called"))();
    await server.restart();
    await stays.count(1);
    expect(gone.items).toEqual([]);
  });

  it("fails what is tried meanwhile, and forgets subscriptions nobody wants", async () => {
    const server = await ownServer();
    const { broker, states } = await openBroker(server.url);
    const wanted = broker.subscribe(
      "chat.wanted",
      () => {},
      () => {},
    );
    const left = broker.subscribe(
      "chat.left",
      () => {},
      () => {},
    );
    await Promise.all([wanted.ready, left.ready]);
    left.close();
    await server.kill();
    await states.count(1);

    expect(broker.stats).toMatchObject({ liveSubscriptions: 1, lingeringSubscriptions: 0 });
    const late = broker.subscribe(
      "chat.wanted",
      () => {},
      () => {},
    );
    await expect(late.ready).rejects.toMatchObject({ code: "unavailable", retryable: true });
    late.close();
    await expect(broker.flush()).rejects.toMatchObject({ code: "unavailable" });
    const responder = broker.respond("demo.*", "q", () => bytes(""));
    await expect(responder.ready).rejects.toMatchObject({ code: "unavailable" });
    responder.close();
    expect(broker.stats.liveSubscriptions).toBe(1);
    expect(broker.maxPayload).toBe(1024 * 1024);
  });

  it("rejects a subscription that was not confirmed before the connection broke", async () => {
    const server = await ownServer();
    const { broker, states } = await openBroker(server.url, FAST_PINGS);
    await server.pause();
    const pending = broker.subscribe(
      "chat.lobby",
      () => {},
      () => {},
    );
    await expect(pending.ready).rejects.toMatchObject({ code: "unavailable" });
    await states.count(1);
    expect(broker.stats.liveSubscriptions).toBe(0);
    await server.resume();
  });
});

describe("a server that hangs", () => {
  it("is noticed by its missing pongs", async () => {
    const server = await ownServer();
    const { broker, states } = await openBroker(server.url, FAST_PINGS);
    const interrupted = interruptions(broker);
    await server.pause();
    await states.count(1);
    expect(broker.state).toBe("disconnected");
    expect(broker.stats.staleConnections).toBe(1);
    await server.resume();
    await interrupted.count(1);
    expect(broker.state).toBe("connected");
  });

  it("is left for another one even when writes to it are stuck", async () => {
    const secondPort = await freePort();
    const first = await ownServer();
    const { broker, states } = await openBroker(first.url, {
      ...FAST_PINGS,
      servers: [first.url, `nats://127.0.0.1:${secondPort}`],
      maxPendingBytes: 2 ** 30,
    });
    await ownServer({ port: secondPort });
    await first.pause();
    // More than the socket buffers of the kernel take: the last write never ends.
    const megabyte = new Uint8Array(1_000_000);
    for (let count = 0; count < 60; count++) broker.publish("chat.stuck", megabyte, { lane: "direct" });
    await states.count(2);
    expect(states.items).toEqual(["disconnected", "connected"]);
    await broker.flush();
    await first.resume();
  });
});

describe("a server in lame duck mode", () => {
  it("is left for another one before it shuts down", async () => {
    const secondPort = await freePort();
    const first = await ownServer();
    const second = `nats://127.0.0.1:${secondPort}`;
    const { broker } = await openBroker(first.url, { servers: [first.url, second], lameDuckJitterMs: 20 });
    const interrupted = interruptions(broker);
    await ownServer({ port: secondPort });
    process.kill(Number(first.pid), "SIGUSR2");
    await interrupted.count(1);
    const received = new Collector<ReturnType<typeof kept>>();
    await broker.subscribe(
      "chat.lobby",
      (message) => received.push(kept(message)),
      () => {},
    ).ready;
    (await plainClient(second)).publish("rt.chat.lobby", "over here");
    await received.count(1);
    // In this mode it takes its time over an orderly stop.
    await first.kill();
  });
});

/** A server whose user `gw` loses `rt.secret.>` when `reload` is called. */
async function reloadableServer() {
  const folder = mkdtempSync(join(tmpdir(), "tidegate-broker-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (permissions: string) =>
    writeFileSync(
      join(folder, "users.conf"),
      `accounts { A { users: [ { user: gw, password: gw, permissions: { ${permissions} } } ] } }`,
    );
  write("");
  // nats-server includes files relative to its own configuration, which lies in a folder beside ours.
  const server = await ownServer({ config: `include "../${basename(folder)}/users.conf"` });
  const reload = () => {
    write('subscribe: { deny: ["rt.secret.>"] }');
    process.kill(Number(server.pid), "SIGHUP");
  };
  return { url: server.url, reload };
}

describe("permissions that change", () => {
  it("end a confirmed subscription as denied", async () => {
    const { reload, url } = await reloadableServer();
    const { broker, errors } = await openBroker(url, {
      credentials: { kind: "password", user: "gw", password: "gw" },
    });
    const ended = new Collector<string>();
    await broker.subscribe(
      "secret.plans",
      () => {},
      ({ code }) => ended.push(code),
    ).ready;
    reload();
    expect(await ended.count(1)).toEqual(["denied"]);
    expect(broker.stats.liveSubscriptions).toBe(0);
    await errors.match(({ code }) => code === "denied");
  });
});
