import { randomBytes } from "node:crypto";
import { startNats, waitUntil } from "@tidegate/testkit";
import { Webhook } from "standardwebhooks";
import { afterAll, expect, it } from "vitest";
import { FULL_TOKEN, startApi } from "../../testing/api-client.ts";
import { startSink } from "../../testing/sink.ts";
import { makeEndpoint, startBackend, startEngine } from "../../testing/webhook-world.ts";
import type { WebhookLink } from "../queue/webhook-link.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

const key = (id: string) => `${id}:${randomBytes(32).toString("base64")}`;
const SECRET = `whsec_${Buffer.alloc(24, 6).toString("base64")}`;
const CREDENTIAL = "Bearer of-the-receiver";
const PARTS = { secrets: [{ value: SECRET, createdAt: 0 }], headers: { Authorization: CREDENTIAL } };

/** Everything that the bucket holds of an endpoint. */
async function bytesOf(link: WebhookLink, id: string): Promise<string> {
  return (await link.endpoints.get(id))?.string() ?? "";
}

const isVerified = (received: { body: string; headers: object }): boolean => {
  new Webhook(SECRET).verify(received.body, received.headers as never, { jsonParse: false });
  return true;
};

it("keeps no secret and no value of a static header where others could read it, and delivers with them", async () => {
  await using backend = await startBackend(server.url, "byte");
  await using sink = await startSink();
  await using world = await startEngine(server.url, { prefix: "byte", secretKeys: [key("k1")] });
  const endpoint = makeEndpoint(sink.url, PARTS);
  world.engine.directory.observe(endpoint.id, await world.engine.store.create(endpoint));
  const paused = await world.engine.store.change(endpoint.id, (one) => ({ ...one, description: "changed" }));
  expect(paused?.endpoint.secrets).toEqual(PARTS.secrets);
  const bytes = await bytesOf(world.link, endpoint.id);
  expect(bytes).toContain("changed");
  expect(JSON.parse(bytes)).toMatchObject({ secrets: [], headers: { Authorization: "" } });
  for (const secret of [SECRET, SECRET.slice("whsec_".length), CREDENTIAL])
    expect(bytes).not.toContain(secret);
  await backend.publish("shop.a", "1");
  const [received] = await sink.arrived(1);
  expect(received?.headers.authorization).toBe(CREDENTIAL);
  expect(received !== undefined && isVerified(received)).toBe(true);
});

it("seals what stood in the clear, and what was sealed with an older key, until that is needed no more", async () => {
  await using backend = await startBackend(server.url, "turn");
  await using sink = await startSink();
  const endpoint = makeEndpoint(sink.url, PARTS);
  const [first, second] = [key("k1"), key("k2")];
  {
    await using world = await startEngine(server.url, { prefix: "turn" });
    await world.engine.store.create(endpoint);
    expect(await bytesOf(world.link, endpoint.id)).toContain(SECRET);
  }
  for (const [secretKeys, id] of [
    [[first], "k1"],
    [[first, second], "k1"],
    [[second, first], "k2"],
    [[second], "k2"],
  ] as const) {
    await using world = await startEngine(server.url, { prefix: "turn", secretKeys });
    await waitUntil(async () => (await bytesOf(world.link, endpoint.id)).includes(`"v1.${id}.`));
    expect(await bytesOf(world.link, endpoint.id)).not.toContain(SECRET);
    await waitUntil(() => world.engine.directory.countOf("current") === 1);
    const count = sink.received.length;
    await backend.publish("shop.a", id);
    await sink.arrived(count + 1);
  }
  expect(sink.received.map(({ body }) => body)).toEqual(["k1", "k1", "k2", "k2"]);
  expect(sink.received.every(isVerified)).toBe(true);
});

it("holds what is for an endpoint whose key is lost, tells why, and delivers it once the key is back", async () => {
  await using backend = await startBackend(server.url, "lost");
  await using sink = await startSink();
  const secretKeys = [key("k1")];
  const made: string[] = [];
  const endpoints = "/v1/webhooks/endpoints";
  {
    await using api = await startApi(server.url, "lost", { secretKeys });
    for (const ordering of ["none", "fifo"]) {
      const { body } = await api.call("POST", endpoints, {
        url: `${sink.url}/${ordering}`,
        channels: ["shop.>"],
        headers: { Authorization: CREDENTIAL },
        secret: SECRET,
        ordering,
      });
      made.push(body.id);
    }
  }
  const [id] = made;
  {
    await using api = await startApi(server.url, "lost", { secretKeys: [key("k2")] });
    await backend.publish("shop.a", "held");
    const held = () =>
      api.exposition.text().then((text) => Number(/reason="locked"} (\d+)/.exec(text)?.[1] ?? 0));
    await waitUntil(async () => (await held()) >= 2);
    expect(await api.exposition.text()).toContain('tidegate_webhook_endpoint_secrets{sealing="locked"} 2');
    expect((await api.call("GET", `${endpoints}/${id}/health`)).body.state).toBe("locked");
    expect((await api.call("GET", `${endpoints}/${id}`)).body.headers).toEqual({ Authorization: "********" });
    for (const [method, path, body] of [
      ["GET", "/secrets", undefined],
      ["POST", "/secrets", {}],
      ["POST", "/ping", undefined],
      ["PATCH", "", { description: "other" }],
    ] as const) {
      const answer = await api.call(method, `${endpoints}/${id}${path}`, body, { token: FULL_TOKEN });
      expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
      expect(answer.body.detail).toContain("cannot be read now");
    }
    expect(sink.received).toEqual([]);
  }
  await using api = await startApi(server.url, "lost", { secretKeys: [key("k2"), ...secretKeys] });
  await sink.arrived(2);
  expect(sink.received.map(({ path, body }) => [path, body]).toSorted()).toEqual([
    ["/fifo", "held"],
    ["/none", "held"],
  ]);
  expect(sink.received.every(isVerified)).toBe(true);
  expect((await api.call("GET", `${endpoints}/${id}/attempts`)).body.attempts).toMatchObject([
    { attempt: 1 },
  ]);
});

it("opens no secrets that were copied from another endpoint", async () => {
  const secretKeys = [key("k1")];
  await using world = await startEngine(server.url, { prefix: "swap", secretKeys });
  const [mine, theirs] = [
    makeEndpoint("http://127.0.0.1:1", PARTS),
    makeEndpoint("http://127.0.0.1:2", PARTS),
  ];
  for (const endpoint of [mine, theirs]) await world.engine.store.create(endpoint);
  const { sealed } = JSON.parse(await bytesOf(world.link, theirs.id)) as { sealed: string };
  const record = { ...(JSON.parse(await bytesOf(world.link, mine.id)) as object), sealed };
  await world.link.endpoints.put(mine.id, JSON.stringify(record));
  const stored = await world.engine.store.get(mine.id);
  expect(stored).toMatchObject({
    sealing: "locked",
    endpoint: { secrets: [], locked: { reason: "damaged", keyId: "k1" } },
  });
});
