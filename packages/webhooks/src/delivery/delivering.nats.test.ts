import { streamEpoch, streamName } from "@tidegate/broker";
import { encodePosition } from "@tidegate/protocol";
import { plainNatsHeaders, startNats, waitUntil } from "@tidegate/testkit";
import { Webhook } from "standardwebhooks";
import { afterAll, expect, it } from "vitest";
import { startSink } from "../../testing/sink.ts";
import { type EngineOptions, makeEndpoint, startBackend, startEngine } from "../../testing/webhook-world.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

let worlds = 0;

async function world(options: Partial<EngineOptions> = {}) {
  worlds += 1;
  const prefix = `d${worlds}`;
  const backend = await startBackend(server.url, prefix);
  const running = await startEngine(server.url, { ...options, prefix });
  const add = async (endpoint: Endpoint) => {
    const stored = await running.engine.store.create(endpoint);
    running.engine.directory.observe(endpoint.id, stored);
    return endpoint;
  };
  const attemptsOf = async (endpoint: Endpoint) =>
    (
      await running.engine.attempts.query({
        endpoint: endpoint.id,
        failed: false,
        since: 0,
        after: 0,
        limit: 1_000,
      })
    ).attempts;
  const lettersOf = async (endpoint: Endpoint) =>
    (await running.engine.deadLetters.list(endpoint.id, { since: 0, after: 0, limit: 1_000 })).letters;
  return {
    ...running,
    backend,
    prefix,
    add,
    attemptsOf,
    lettersOf,
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

it("delivers a message to every endpoint that wants it, signed", async () => {
  await using sink = await startSink();
  await using tide = await world();
  const all = await tide.add(makeEndpoint(`${sink.url}/all`, { headers: { "x-tenant": "t1" } }));
  await tide.add(makeEndpoint(`${sink.url}/paid`, { events: ["paid"] }));
  await tide.add(
    makeEndpoint(`${sink.url}/big`, { filter: { path: "total", atLeast: 100 }, payload: "envelope" }),
  );
  await tide.add(makeEndpoint(`${sink.url}/other`, { channels: ["shop.other.*"] }));
  const sequence = await tide.backend.publish("shop.orders", '{"total":120}', "paid");
  await tide.backend.publish("shop.orders", '{"total":1}');
  await sink.arrived(4);
  const paths = sink.received.map(({ path }) => path).sort();
  expect(paths).toEqual(["/all", "/all", "/big", "/paid"]);
  const { config, created } = await tide.link.jsm.streams.info(streamName(tide.prefix, "shop"));
  const epoch = streamEpoch(config.name, created, "");
  // The cursor that live clients see with it.
  expect(sink.received.map(({ id }) => id)).toContain(encodePosition({ epoch, sequence }));
  const [first] = sink.received.filter(({ path }) => path === "/all");
  expect(first?.headers).toMatchObject({
    "x-tenant": "t1",
    "tidegate-channel": "shop.orders",
    "tidegate-event": "paid",
    "tidegate-attempt": "1",
    "content-type": "application/json",
  });
  const secret = all.secrets[0]?.value ?? "";
  for (const { body, headers } of sink.received) {
    expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).not.toThrow();
  }
  const [big] = sink.received.filter(({ path }) => path === "/big");
  expect(JSON.parse(big?.body ?? "")).toMatchObject({
    type: "paid",
    channel: "shop.orders",
    data: { total: 120 },
  });
  const attempts = await waitUntil(async () => {
    const found = await tide.attemptsOf(all);
    return found.length === 2 && found;
  });
  expect(attempts.map(({ outcome, status }) => [outcome, status])).toEqual([
    ["delivered", 204],
    ["delivered", 204],
  ]);
});

it("tries again with the same id and a fresh signature, and honours Retry-After", async () => {
  let failures = 0;
  await using sink = await startSink(() => {
    failures += 1;
    if (failures === 1) return { status: 503, headers: { "retry-after": "1" }, body: "busy" };
    return failures === 2 ? { status: 302, headers: { location: "/elsewhere" } } : { status: 200 };
  });
  await using tide = await world();
  const endpoint = await tide.add(makeEndpoint(sink.url));
  await tide.backend.publish("shop.orders", "plain text");
  await sink.arrived(3);
  expect(new Set(sink.received.map(({ id }) => id)).size).toBe(1);
  expect(sink.received.map(({ headers }) => headers["tidegate-attempt"])).toEqual(["1", "2", "3"]);
  expect(sink.received.every(({ path }) => path === "/")).toBe(true);
  const attempts = await waitUntil(async () => {
    const found = await tide.attemptsOf(endpoint);
    return found.length === 3 && found;
  });
  expect(attempts.map(({ outcome, status }) => [outcome, status])).toEqual([
    ["failed", 503],
    ["failed", 302],
    ["delivered", 200],
  ]);
  const [first, second] = attempts;
  expect(first).toMatchObject({ response: "busy", retryAfterMs: 1_000, next: { kind: "retry" } });
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
  expect(await tide.lettersOf(endpoint)).toEqual([]);
});

it("keeps the beginning of an answer, and reads no more of a long one than it has to", async () => {
  await using sink = await startSink(() => ({ status: 500, body: "no".repeat(1_000_000) }));
  await using tide = await world({ delivery: { retryPausesMs: [] } });
  const endpoint = await tide.add(makeEndpoint(sink.url));
  await tide.backend.publish("shop.orders", "1");
  const [attempt] = await waitUntil(async () => {
    const found = await tide.attemptsOf(endpoint);
    return found.length === 1 && found;
  });
  expect(attempt).toMatchObject({ outcome: "failed", status: 500, response: "no".repeat(32) });
});

it("keeps what cannot be delivered as a dead letter with its payload", async () => {
  await using sink = await startSink(() => ({ status: 500 }));
  await using tide = await world({ delivery: { retryPausesMs: [10] } });
  const endpoint = await tide.add(makeEndpoint(sink.url));
  await tide.backend.publish("shop.orders", '{"n":1}', "paid");
  const letters = await waitUntil(async () => {
    const found = await tide.lettersOf(endpoint);
    return found.length > 0 && found;
  });
  expect(letters[0]?.letter).toMatchObject({
    reason: "exhausted",
    attempts: 2,
    error: "answered 500",
    channel: "shop.orders",
    event: "paid",
  });
  expect(Buffer.from(letters[0]?.payload ?? []).toString()).toBe('{"n":1}');
  expect(sink.received).toHaveLength(2);
});

it("disables an endpoint that answers 410, and says so as a lifecycle event that can be subscribed to", async () => {
  await using gone = await startSink(() => ({ status: 410 }));
  await using watcher = await startSink();
  await using tide = await world();
  const endpoint = await tide.add(makeEndpoint(gone.url));
  const channels = [`${tide.prefix}ev.>`];
  await tide.add(makeEndpoint(watcher.url, { channels, events: ["webhook.disabled"] }));
  await tide.backend.publish("shop.orders", "1");
  const [event] = await watcher.arrived(1);
  expect(JSON.parse(event?.body ?? "")).toMatchObject({ endpoint: endpoint.id, reason: "gone" });
  expect(tide.engine.directory.get(endpoint.id)?.disabled?.reason).toBe("gone");
  await tide.backend.publish("shop.orders", "2");
  await waitUntil(async () => (await tide.lettersOf(endpoint)).length === 1);
  expect(gone.received).toHaveLength(1);
});

it("delivers lifecycle events of nodes to endpoints that subscribe to them as to channels", async () => {
  await using sink = await startSink();
  await using tide = await world();
  const namespace = `${tide.prefix}ev`;
  const users = { path: "user", equals: "ada" };
  await tide.add(makeEndpoint(sink.url, { channels: [`${namespace}.connection.*`], filter: users }));
  const announce = (event: string, body: object) =>
    tide.backend.nats.publish(`${namespace}.${event}`, JSON.stringify({ type: event, ...body }), {
      headers: plainNatsHeaders({ "Tidegate-Event": event }),
    });
  announce("channel.occupied", { channel: "chat.a" });
  announce("connection.opened", { user: "bea" });
  announce("connection.opened", { user: "ada" });
  announce("connection.closed", { user: "ada", cause: "client" });
  await sink.arrived(2);
  const arrived = sink.received.map(({ headers, body }) => [
    headers["tidegate-event"],
    JSON.parse(body).user,
  ]);
  expect(arrived.toSorted()).toEqual([
    ["connection.closed", "ada"],
    ["connection.opened", "ada"],
  ]);
});

it("disables an endpoint of which nothing has succeeded for days", async () => {
  let now = Date.now();
  await using sink = await startSink(() => ({ status: 500 }));
  await using tide = await world({ now: () => now, delivery: { retryPausesMs: [] } });
  const endpoint = await tide.add(makeEndpoint(sink.url));
  await tide.backend.publish("shop.orders", "1");
  await waitUntil(async () => (await tide.lettersOf(endpoint)).length === 1);
  expect(tide.engine.directory.get(endpoint.id)?.disabled).toBeUndefined();
  now += 2 * 86_400_000;
  await tide.backend.publish("shop.orders", "2");
  await waitUntil(() => tide.engine.directory.get(endpoint.id)?.disabled?.reason === "failing");
});

it("never connects to a destination that is not allowed", async () => {
  await using sink = await startSink();
  await using tide = await world({ allowNetworks: [] });
  const endpoint = await tide.add(makeEndpoint(sink.url));
  const named = await tide.add(makeEndpoint(sink.url.replace("127.0.0.1", "localhost")));
  await tide.backend.publish("shop.orders", "1");
  for (const one of [endpoint, named]) {
    const letters = await waitUntil(async () => {
      const found = await tide.lettersOf(one);
      return found.length > 0 && found;
    });
    expect(letters[0]?.letter).toMatchObject({ reason: "refused", error: "destination not allowed" });
  }
  expect(sink.received).toEqual([]);
});

it("keeps the order of each channel of an ordered endpoint through failures", async () => {
  const failed = new Set<string>();
  await using sink = await startSink(({ body }) => {
    if (Number(body.split(":")[1]) % 3 !== 1 || failed.has(body)) return { status: 200 };
    failed.add(body);
    return { status: 500 };
  });
  await using tide = await world({ delivery: { retryPausesMs: [20, 20, 20] } });
  await tide.add(makeEndpoint(sink.url, { ordering: "fifo" }));
  for (let number = 0; number < 12; number += 1) {
    for (const channel of ["a", "b", "c"])
      await tide.backend.publish(`shop.${channel}`, `${channel}:${number}`);
  }
  await sink.arrived(36 + 12, 15_000);
  for (const channel of ["a", "b", "c"]) {
    const numbers = sink.received
      .filter(({ body }) => body.startsWith(channel))
      .map(({ body }) => Number(body.split(":")[1]));
    // A failed one comes twice, and nothing comes between.
    expect(numbers).toEqual([0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11]);
  }
});

it("leaves an endpoint alone that fails again and again, and still delivers everything", async () => {
  let down = true;
  await using sink = await startSink(() => ({ status: down ? 500 : 200 }));
  await using tide = await world({ delivery: { retryPausesMs: Array.from({ length: 20 }, () => 100) } });
  await tide.add(makeEndpoint(sink.url, { concurrency: 1 }));
  for (let number = 0; number < 30; number += 1) await tide.backend.publish("shop.a", String(number));
  await waitUntil(() => tide.engine.lanes.openBreakers === 1);
  const until = sink.received.length;
  down = false;
  await waitUntil(() => new Set(sink.received.slice(until).map(({ id }) => id)).size === 30);
});
