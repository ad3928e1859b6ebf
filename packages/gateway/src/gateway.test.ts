import { createLogger, createMetrics } from "@tidegate/runtime";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeBroker } from "../testing/fake-broker.ts";
import { FakeVerifier, LIMITS, PING, POLICIES, seriesValue } from "../testing/fake-node.ts";
import { FakeSocket } from "../testing/fake-socket.ts";
import { ADMISSION } from "../testing/open-gate.ts";
import { turns } from "../testing/turns.ts";
import type { AdmissionOptions } from "./admission/gate.ts";
import { Gateway } from "./gateway.ts";
import type { Handshake } from "./handshake.ts";
import type { GatewayLimits } from "./limits.ts";
import { GATEWAY_METRICS } from "./metrics.ts";
import { NamespacePolicies } from "./namespace-policies.ts";
import { OriginPolicy } from "./origin-policy.ts";

const HANDSHAKE: Handshake = {
  query: "",
  origin: "",
  host: "rt.example.com",
  authorization: "",
  subprotocols: "",
  cookie: "",
  address: "192.0.2.1",
};

const gateways: Gateway[] = [];
afterEach(() => {
  for (const gateway of gateways.splice(0)) {
    gateway.stop();
  }
});

function fixture(
  limits: Partial<GatewayLimits> = {},
  allow: readonly string[] = ["same-origin"],
  admission: Partial<AdmissionOptions> = {},
) {
  const broker = new FakeBroker();
  const verifier = new FakeVerifier();
  verifier.accept("good");
  const { metrics, exposition } = createMetrics(GATEWAY_METRICS);
  const lines: string[] = [];
  const gateway = new Gateway({
    node: "n1",
    limits: { ...LIMITS, ...limits },
    ping: PING,
    http: { requestsPerSecond: 100, requestBurst: 100, reconnectMs: 1_000 },
    admission: { ...ADMISSION, ...admission },
    events: { connections: false },
    drain: { windowMs: 50, reconnectMs: 10 },
    policies: new NamespacePolicies(POLICIES),
    origins: new OriginPolicy(allow),
    cookieName: "session",
    verifier,
    broker,
    metrics,
    tracing: undefined,
    logger: createLogger({
      name: "test",
      level: "debug",
      destination: { write: (line) => lines.push(line) },
    }),
  });
  gateways.push(gateway);
  const accept = (parts: Partial<Handshake> = {}) => {
    const socket = new FakeSocket();
    const connection = gateway.accept(socket, { ...HANDSHAKE, ...parts });
    return { socket, connection, ending: () => socket.ends[0]?.name };
  };
  const metric = async (series: string): Promise<number> => seriesValue(await exposition.text(), series);
  return { gateway, broker, lines, accept, metric };
}

describe("Gateway", () => {
  it.each([
    ["a foreign origin", { origin: "https://evil.org" }, "origin_denied"],
    ["an unknown format", { query: "format=xml" }, "request_invalid"],
    ["a channel that breaks the grammar", { query: "channels=chat..a" }, "request_invalid"],
    ["too many channels", { query: "channels=chat.a,chat.b,chat.c,chat.d" }, "request_invalid"],
  ])("turns away %s, by a close that says why, and counts it", async (_what, parts, name) => {
    const { gateway, accept, metric } = fixture();
    const { connection, ending } = accept(parts);
    expect(connection).toBeUndefined();
    expect(ending()).toBe(name);
    expect(gateway.connections).toBe(0);
    expect(await metric('tidegate_connections_opened_total{transport="websocket"}')).toBe(1);
    expect(await metric(`tidegate_closes_total{code="${name}"}`)).toBe(1);
  });

  it("keeps to its limits, in all and by address, and forgets who has left", async () => {
    const { gateway, accept, metric } = fixture({ connections: 3, connectionsPerAddress: 2 });
    const first = accept();
    accept();
    expect(accept().ending()).toBe("address_limit");
    accept({ address: "192.0.2.2" });
    expect(accept({ address: "192.0.2.3" }).ending()).toBe("node_full");
    expect(await metric('tidegate_connections{transport="websocket"}')).toBe(3);
    first.connection?.closed("client");
    expect(gateway.connections).toBe(2);
    expect(accept({ address: "192.0.2.3" }).ending()).toBeUndefined();
  });

  it("turns away who comes too fast, and tells each when to come back; who is in stays", async () => {
    const { gateway, accept, metric } = fixture({}, undefined, { connectsPerSecond: 10, connectBurst: 2 });
    const [first, second] = [accept(), accept()];
    const away = [accept(), accept(), accept()].map(({ socket }) => socket.ends[0]);
    expect(new Set(away.map((end) => end?.name))).toStrictEqual(new Set(["overloaded"]));
    const waits = away.map((end) => Number(/; retry=(\d+)$/.exec(end?.reason ?? "")?.[1]));
    expect(waits.every((wait, index) => wait >= 90 * (index + 1) && wait <= 110 * (index + 1) + 1)).toBe(
      true,
    );
    expect([first.ending(), second.ending()]).toStrictEqual([undefined, undefined]);
    expect(gateway.connections).toBe(2);
    expect(await metric('tidegate_turned_away_total{reason="rate"}')).toBe(3);
    expect(await metric('tidegate_closes_total{code="overloaded"}')).toBe(3);
  });

  it("lets a crowd in some at a time", async () => {
    const { accept } = fixture({ connections: 300, connectionsPerAddress: 300 });
    const sockets = Array.from({ length: 300 }, () => accept({ query: "channels=news.world" }).socket);
    const countIn = (): number => sockets.filter(({ sent }) => sent.length > 0).length;
    expect(countIn()).toBeLessThan(300);
    expect(sockets.slice(0, countIn()).every(({ sent }) => sent.length > 0)).toBe(true);
    await expect.poll(countIn).toBe(300);
  });

  it("gives each connection an id of its own", () => {
    const { accept } = fixture();
    const ids = Array.from({ length: 100 }, () => accept().connection?.id);
    expect(new Set(ids).size).toBe(100);
    expect(ids.every((id) => id !== undefined && /^n1-[a-z0-9]+-[a-z0-9]+$/.test(id))).toBe(true);
  });

  it("lets a cookie count for listed origins alone", async () => {
    const { accept } = fixture({}, ["*", "https://app.example.com"]);
    const cookie = "session=good";
    const listed = accept({ cookie, origin: "https://app.example.com" });
    const others = [accept({ cookie, origin: "https://evil.org" }), accept({ cookie })];
    await turns();
    expect(listed.socket.messages).toMatchObject([{ type: "connected", user: "ada" }]);
    expect(others.map(({ socket }) => socket.sent)).toStrictEqual([[], []]);
  });

  it("stands a connection that is over before it was handed out", async () => {
    const { gateway, accept } = fixture();
    const { connection, ending } = accept({ query: "access_token=forged" });
    await turns();
    expect(ending()).toBe("token_invalid");
    expect(connection?.isClosed).toBe(true);
    expect(gateway.connections).toBe(0);
  });

  it("tells everybody with subscriptions of an interruption, once", async () => {
    const { accept, broker } = fixture();
    const subscribed = accept({ query: "access_token=good&channels=chat.a" });
    const idle = accept({ query: "access_token=good" });
    const raw = accept({ query: "access_token=good&channels=chat.a&format=raw" });
    await turns();
    broker.interrupt();
    const missed = ({ socket }: typeof subscribed) =>
      socket.frames.filter((frame) => frame.includes("messages_missed")).length;
    expect([subscribed, idle, raw].map(missed)).toStrictEqual([1, 0, 0]);
  });

  it("tells everybody in a channel that NATS no longer gives it, and closes raw ones", async () => {
    const { accept, broker, lines, metric } = fixture();
    const json = accept({ query: "access_token=good&channels=chat.a,chat.b" });
    const raw = accept({ query: "access_token=good&channels=chat.a&format=raw" });
    await turns();
    broker.subscriptions.find(({ target }) => target === "chat.a")?.lose("denied");
    expect(json.socket.messages.at(-1)).toMatchObject({
      type: "unsubscribed",
      channel: "chat.a",
      code: "forbidden",
    });
    expect(json.connection?.subscriptions.names()).toStrictEqual(["chat.b"]);
    expect(raw.ending()).toBe("forbidden");
    expect(lines.join()).toContain("a channel was lost");
    expect(await metric("tidegate_channels")).toBe(1);
    broker.subscriptions.find(({ target }) => target === "chat.b")?.lose("connection_lost");
    expect(json.socket.messages.at(-1)).toMatchObject({ channel: "chat.b", code: "broker_unavailable" });
  });

  it("says goodbye to all, and turns away who comes then", async () => {
    const { gateway, accept, broker } = fixture();
    const waiting = accept();
    const open = accept({ query: "access_token=good" });
    await turns();
    const drained = gateway.drain(new AbortController().signal);
    expect(accept().ending()).toBe("draining");
    await drained;
    expect(gateway.connections).toBe(0);
    expect([waiting.ending(), open.ending()]).toStrictEqual(["draining", "draining"]);
    expect(open.socket.messages.at(-1)).toMatchObject({ type: "draining" });
    expect(broker.interruptionListeners.size).toBe(0);
  });

  it("keeps tokens out of its log", async () => {
    const { accept, lines } = fixture();
    accept({ query: "access_token=sesame", authorization: "Bearer sesame", cookie: "session=sesame" });
    accept({ query: "format=sesame&access_token=sesame" });
    await turns();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join()).not.toContain("sesame");
  });

  it("tells how many lag without asking each, and forgets who left lagging", async () => {
    const { accept, metric, broker } = fixture();
    const clients = [0, 1, 2].map(() => accept({ query: "access_token=good&channels=chat.a" }));
    await turns();
    const asked = clients.map(({ connection }) =>
      connection === undefined ? undefined : vi.spyOn(connection, "isLagging", "get"),
    );
    const lagging = (): Promise<number> => metric('tidegate_connections_lagging{transport="websocket"}');
    for (const { socket } of clients.slice(1)) {
      socket.reading = false;
    }
    broker.last.message("", { payload: Buffer.from(JSON.stringify("x".repeat(LIMITS.outboxBytes))) });
    await turns();
    expect(await lagging()).toBe(2);
    clients[1]?.connection?.closed("client");
    expect(await lagging()).toBe(1);
    const [, , last] = clients;
    if (last !== undefined) {
      last.socket.buffered = 0;
      last.connection?.writable();
    }
    expect(await lagging()).toBe(0);
    expect(await metric("tidegate_lags_total")).toBe(2);
    expect(asked.map((spy) => spy?.mock.calls.length)).toStrictEqual([0, 0, 0]);
  });

  it("exports the numbers it keeps", async () => {
    const { accept, metric, broker } = fixture();
    const { connection } = accept({ query: "access_token=good&channels=chat.a,chat.b" });
    await turns();
    broker.state = "disconnected";
    expect(await metric("tidegate_subscriptions")).toBe(2);
    expect(await metric("tidegate_channels")).toBe(2);
    expect(await metric("tidegate_messages_out_total")).toBe(3);
    expect(await metric("tidegate_nats_connected")).toBe(0);
    connection?.closed("client");
    expect(await metric("tidegate_subscriptions")).toBe(0);
  });
});
