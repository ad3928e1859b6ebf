import type { NatsConnection, OwnNatsServer } from "@tidegate/testkit";
import { connectPlainNats, startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Collector } from "../testing/collector.ts";
import { bytes, kept, openBroker, ownServer } from "../testing/open-broker.ts";
import type { PublisherIdentity } from "./message-headers.ts";

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

const DIRECT = { lane: "direct" } as const;
const ANN: PublisherIdentity = { user: "ann", connection: "c1", claims: '{"team":"blue"}' };

interface Published {
  readonly subject: string;
  readonly payload: string;
  readonly headers: Record<string, string[]>;
}

/** Everything published below a subject, as a plain backend sees it. */
async function watch(subject: string): Promise<Collector<Published>> {
  const published = new Collector<Published>();
  backend.subscribe(subject, {
    callback: (_, message) =>
      published.push({
        subject: message.subject,
        payload: message.string(),
        headers: Object.fromEntries(message.headers ?? []),
      }),
  });
  await backend.flush();
  return published;
}

describe("publish", () => {
  it("sends direct and backend messages to their subjects", async () => {
    const published = await watch("*.lanes.>");
    const { broker } = await openBroker(server.url);
    expect(broker.publish("lanes.a", bytes("1"), { lane: "direct" })).toBe("sent");
    expect(broker.publish("lanes.b", bytes("2"), { lane: "backend" })).toBe("sent");
    expect(await published.count(2)).toEqual([
      { subject: "rt.lanes.a", payload: "1", headers: {} },
      { subject: "rtin.lanes.b", payload: "2", headers: {} },
    ]);
  });

  it("adds event and identity as headers", async () => {
    const published = await watch("rt.identity.>");
    const { broker } = await openBroker(server.url);
    broker.publish("identity.a", bytes("x"), { lane: "direct", event: "moved", identity: ANN });
    broker.publish("identity.a", bytes("y"), { lane: "direct", identity: { ...ANN, claims: undefined } });
    expect((await published.count(2)).map(({ headers }) => headers)).toEqual([
      {
        "Tidegate-User": ["ann"],
        "Tidegate-Connection": ["c1"],
        "Tidegate-Claims": ['{"team":"blue"}'],
        "Tidegate-Event": ["moved"],
      },
      { "Tidegate-User": ["ann"], "Tidegate-Connection": ["c1"] },
    ]);
  });

  it("carries non-ASCII names unchanged from node to node", async () => {
    const { broker } = await openBroker(server.url);
    const received = new Collector<ReturnType<typeof kept>>();
    await broker.subscribe(
      "utf8.a",
      (message) => received.push(kept(message)),
      () => {},
    ).ready;
    const identity = { user: "Zoë 日本 \u{1f600}", connection: "ü", claims: undefined };
    broker.publish("utf8.a", bytes("é"), { lane: "direct", event: "größer", identity });
    expect(await received.count(1)).toEqual([
      {
        channel: "utf8.a",
        payload: "é",
        event: "größer",
        publisher: { user: identity.user, connection: "ü" },
      },
    ]);
  });

  it("lets no value add a header", async () => {
    const published = await watch("rt.inject.>");
    const { broker } = await openBroker(server.url);
    const evil = "x\r\nTidegate-User: admin\nNats-Msg-Id: 1";
    const identity = { user: evil, connection: evil, claims: evil };
    expect(broker.publish("inject.a", bytes("p"), { lane: "direct", event: evil, identity })).toBe("sent");
    const [message] = await published.count(1);
    expect(Object.keys(message?.headers ?? {}).sort()).toEqual([
      "Tidegate-Claims",
      "Tidegate-Connection",
      "Tidegate-Event",
      "Tidegate-User",
    ]);
    expect(message?.headers["Tidegate-User"]).toHaveLength(1);
    expect(message?.payload).toBe("p");
  });

  it("refuses a message above the server's limit and takes one exactly at it, headers included", async () => {
    const small = await ownServer({ config: "max_payload: 1000" });
    const { broker } = await openBroker(small.url);
    expect(broker.maxPayload).toBe(1000);
    const headers = "NATS/1.0\r\nTidegate-Event: größer\r\n\r\n";
    const room = 1000 - Buffer.byteLength(headers);
    const received = new Collector<number>();
    await broker.subscribe(
      "size.>",
      ({ payload }) => received.push(payload.length),
      () => {},
    ).ready;
    expect(broker.publish("size.a", new Uint8Array(1000), DIRECT)).toBe("sent");
    expect(broker.publish("size.a", new Uint8Array(1001), DIRECT)).toBe("too_large");
    const withEvent = { lane: "direct", event: "größer" } as const;
    expect(broker.publish("size.a", new Uint8Array(room), withEvent)).toBe("sent");
    expect(broker.publish("size.a", new Uint8Array(room + 1), withEvent)).toBe("too_large");
    expect(await received.count(2)).toEqual([1000, room]);
    await broker.flush();
    expect(broker.state).toBe("connected");
    expect(broker.stats.sendsRefused).toBe(2);
  });

  it("says unavailable while there is no connection, and sends again afterwards", async () => {
    const own = await ownServer();
    const { broker, states } = await openBroker(own.url);
    await own.kill();
    await states.count(1);
    expect(broker.publish("a.b", bytes("lost"), DIRECT)).toBe("unavailable");
    await own.restart();
    await states.count(2);
    const received = new Collector<string>();
    await broker.subscribe(
      "a.b",
      ({ payload }) => received.push(Buffer.from(payload).toString()),
      () => {},
    ).ready;
    expect(broker.publish("a.b", bytes("kept"), DIRECT)).toBe("sent");
    expect(await received.count(1)).toEqual(["kept"]);
  });

  it("says busy above the limit of unconfirmed bytes, and not once the server has caught up", async () => {
    const own = await ownServer();
    const { broker } = await openBroker(own.url, { maxPendingBytes: 100_000 });
    await own.pause();
    const payload = new Uint8Array(10_000);
    const outcomes = Array.from({ length: 12 }, () => broker.publish("a.b", payload, DIRECT));
    expect(outcomes.filter((outcome) => outcome === "sent")).toHaveLength(10);
    expect(outcomes.slice(10)).toEqual(["busy", "busy"]);
    expect(broker.stats.pendingBytes).toBeGreaterThan(100_000);
    await own.resume();
    await broker.flush();
    // The count is taken when the PONG for these bytes is read: at the latest with the one after.
    await broker.flush();
    expect(broker.publish("a.b", payload, DIRECT)).toBe("sent");
  });

  it("forgets unconfirmed bytes with the connection that held them", async () => {
    const own = await ownServer();
    const { broker, states } = await openBroker(own.url, { maxPendingBytes: 100_000 });
    await own.pause();
    for (let count = 0; count < 11; count++) broker.publish("a.b", new Uint8Array(10_000), DIRECT);
    expect(broker.publish("a.b", bytes("x"), DIRECT)).toBe("busy");
    await own.kill();
    await states.count(1);
    expect(broker.stats.pendingBytes).toBe(0);
    await own.restart();
    await states.count(2);
    expect(broker.publish("a.b", bytes("x"), DIRECT)).toBe("sent");
  });

  it("counts down to zero on a quiet node", async () => {
    const { broker } = await openBroker(server.url);
    broker.publish("quiet.a", bytes("x"), DIRECT);
    expect(broker.stats.pendingBytes).toBeGreaterThan(0);
    await waitUntil(() => broker.stats.pendingBytes === 0);
  });

  it("confirms also what was published during the last round trip", async () => {
    const { broker } = await openBroker(server.url, { maxPendingBytes: 8_000 });
    broker.publish("quiet.b", new Uint8Array(1_000), DIRECT);
    broker.publish("quiet.b", new Uint8Array(500), DIRECT);
    await waitUntil(() => broker.stats.pendingBytes === 0);
  });

  it("reports a publish that permissions forbid, which NATS tells only afterwards", async () => {
    const config = `accounts { A { users: [ { user: gw, password: gw, permissions: { publish: { deny: ["rtout.>"] } } } ] } }`;
    const guarded = await ownServer({ config });
    const { broker, errors } = await openBroker(guarded.url, {
      credentials: { kind: "password", user: "gw", password: "gw" },
      subjectPrefix: "rtout",
    });
    expect(broker.publish("chat.a", bytes("forged"), DIRECT)).toBe("sent");
    const error = await errors.match(({ code }) => code === "denied");
    expect(error.message).toContain("rtout.chat.a");
    expect(error.message).not.toContain("forged");
    expect(broker.state).toBe("connected");
  });

  it("throws for a channel nobody validated, and sends nothing", async () => {
    const { broker } = await openBroker(server.url);
    const before = broker.stats.messagesOut;
    expect(() => broker.publish("a b", bytes("x"), DIRECT)).toThrow(/illegal subject/);
    expect(broker.stats.messagesOut).toBe(before);
  });
});
