import { getEventListeners } from "node:events";
import type { NatsConnection, OwnNatsServer } from "@tidegate/testkit";
import { connectPlainNats, plainNatsHeaders, startNats } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Collector } from "../testing/collector.ts";
import { bytes, openBroker, ownServer, plainClient } from "../testing/open-broker.ts";

let server: OwnNatsServer;
let backend: NatsConnection;

beforeAll(async () => {
  server = await startNats({ own: true });
  backend = await connectPlainNats(server.url);
});
afterAll(async () => {
  await backend.close();
  await server.stop();
});

const SOON = { timeoutMs: 10_000 };

/** A backend that is there and never answers. */
async function silent(connection: NatsConnection, subject: string): Promise<Collector<string>> {
  const asked = new Collector<string>();
  connection.subscribe(subject, { callback: (_, message) => asked.push(message.reply ?? "") });
  await connection.flush();
  return asked;
}

describe("request", () => {
  it("resolves with a copy of the reply", async () => {
    backend.subscribe("rpc.echo.upper", {
      callback: (_, message) => {
        message.respond(message.string().toUpperCase());
      },
    });
    await backend.flush();
    const { broker } = await openBroker(server.url);
    const outcome = await broker.request("echo.upper", bytes("hello"), SOON);
    expect(outcome).toEqual({ kind: "reply", payload: bytes("HELLO") });
    if (outcome.kind === "reply") expect(outcome.payload.buffer.byteLength).toBe(5);
  });

  it("sends the identity and matches each reply with its request", async () => {
    backend.subscribe("rpc.echo.who", {
      callback: (_, message) => {
        const { headers } = message;
        message.respond(
          `${headers?.last("Tidegate-User")} ${headers?.last("Tidegate-Connection")} ${message.string()}`,
        );
      },
    });
    await backend.flush();
    const { broker } = await openBroker(server.url);
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const identity = { user: `user ${index}`, connection: `c${index}`, claims: undefined };
        return broker.request("echo.who", bytes(`${index}`), { ...SOON, identity });
      }),
    );
    outcomes.forEach((outcome, index) => {
      expect(outcome).toEqual({ kind: "reply", payload: bytes(`user ${index} c${index} ${index}`) });
    });
    expect(broker.stats.pendingRequests).toBe(0);
  });

  it("leaves no timer and no signal listener behind", async () => {
    backend.subscribe("rpc.echo.tidy", { callback: (_, message) => void message.respond("") });
    await backend.flush();
    const { broker } = await openBroker(server.url);
    const { signal } = new AbortController();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    const options = { timeoutMs: 3_600_000, signal };
    await Promise.all(Array.from({ length: 200 }, () => broker.request("echo.tidy", bytes(""), options)));
    expect(timers() - before).toBeLessThan(20);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("tells a service error from a reply", async () => {
    const headers = plainNatsHeaders({
      "Nats-Service-Error-Code": "404",
      "Nats-Service-Error": "no such room",
    });
    backend.subscribe("rpc.fails.a", {
      callback: (_, message) => void message.respond("details", { headers }),
    });
    await backend.flush();
    const { broker } = await openBroker(server.url);
    expect(await broker.request("fails.a", bytes(""), SOON)).toEqual({
      kind: "service_error",
      status: "404",
      message: "no such room",
      payload: bytes("details"),
    });
  });

  it("knows at once when nobody listens", async () => {
    const { broker } = await openBroker(server.url);
    expect(await broker.request("nobody.there", bytes(""), SOON)).toEqual({ kind: "no_responders" });
  });

  it("takes an empty reply with headers for a reply", async () => {
    const headers = plainNatsHeaders({ Other: "503" });
    backend.subscribe("rpc.empty.a", { callback: (_, message) => void message.respond("", { headers }) });
    await backend.flush();
    const { broker } = await openBroker(server.url);
    expect(await broker.request("empty.a", bytes(""), SOON)).toEqual({ kind: "reply", payload: bytes("") });
  });

  it("times out, keeps nothing, and ignores an answer that comes too late", async () => {
    const asked = await silent(backend, "rpc.silent.a");
    const { broker } = await openBroker(server.url, { maxRequestTimeoutMs: 40 });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => broker.request("silent.a", bytes(""), SOON)),
    );
    expect(outcomes).toEqual(Array.from({ length: 50 }, () => ({ kind: "timeout" })));
    expect(broker.stats.pendingRequests).toBe(0);
    for (const reply of asked.items) backend.publish(reply, "late");
    await backend.flush();
    await broker.flush();
    expect(broker.stats.callbackErrors).toBe(0);
  });

  it("ends when its signal aborts, before or while waiting", async () => {
    const asked = await silent(backend, "rpc.silent.b");
    const { broker } = await openBroker(server.url);
    const already = { ...SOON, signal: AbortSignal.abort() };
    expect(await broker.request("silent.b", bytes(""), already)).toEqual({ kind: "aborted" });
    expect(broker.stats.messagesOut).toBe(0);
    const controller = new AbortController();
    const waiting = broker.request("silent.b", bytes(""), { ...SOON, signal: controller.signal });
    await asked.count(1);
    controller.abort();
    expect(await waiting).toEqual({ kind: "aborted" });
    expect(broker.stats.pendingRequests).toBe(0);
  });

  it("does not send what is too large", async () => {
    const { broker } = await openBroker(server.url);
    const large = new Uint8Array(broker.maxPayload + 1);
    expect(await broker.request("echo.upper", large, SOON)).toEqual({ kind: "too_large" });
    expect(broker.stats.messagesOut).toBe(0);
  });

  it("is unavailable at once when the connection breaks, and while there is none", async () => {
    const own = await ownServer();
    const { broker, states } = await openBroker(own.url);
    const service = await plainClient(own.url);
    const asked = await silent(service, "rpc.silent.c");
    const waiting = [1, 2, 3].map(() => broker.request("silent.c", bytes(""), { timeoutMs: 3_600_000 }));
    await asked.count(3);
    await own.kill();
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ kind: "unavailable" })));
    expect(broker.state).toBe("disconnected");
    expect(await broker.request("silent.c", bytes(""), SOON)).toEqual({ kind: "unavailable" });

    await own.restart();
    await states.count(2);
    const returned = await plainClient(own.url);
    returned.subscribe("rpc.back.a", { callback: (_, message) => void message.respond("back") });
    await returned.flush();
    expect(await broker.request("back.a", bytes(""), SOON)).toEqual({
      kind: "reply",
      payload: bytes("back"),
    });
  });

  it("is unavailable while the server does not keep up", async () => {
    const own = await ownServer();
    const { broker } = await openBroker(own.url, { maxPendingBytes: 1_000 });
    await own.pause();
    broker.publish("a.b", new Uint8Array(2_000), { lane: "direct" });
    expect(await broker.request("echo.upper", bytes(""), SOON)).toEqual({ kind: "unavailable" });
    await own.resume();
  });

  it.each([
    ["the method", `publish: { deny: ["rpc.admin.>"] }`],
    ["the inbox", `subscribe: { deny: ["_INBOX_node-under-test.>"] }`],
  ])("is denied at once when permissions forbid %s", async (_, permissions) => {
    const guarded = await ownServer({
      config: `accounts { A { users: [ { user: gw, password: gw, permissions: { ${permissions} } } ] } }`,
    });
    const { broker } = await openBroker(guarded.url, {
      credentials: { kind: "password", user: "gw", password: "gw" },
    });
    expect(await broker.request("admin.stop", bytes(""), SOON)).toEqual({ kind: "denied" });
    expect(await broker.request("admin.stop", bytes(""), SOON)).toEqual({ kind: "denied" });
    expect(broker.stats.pendingRequests).toBe(0);
  });
});
