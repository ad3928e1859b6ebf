import { startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ApiReply, startApi } from "../../testing/api-client.ts";
import { startSink } from "../../testing/sink.ts";
import { startBackend } from "../../testing/webhook-world.ts";

const server = await startNats({ own: true });
const backend = await startBackend(server.url, "api");
const api = await startApi(server.url, "api");
const sink = await startSink();
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await server.stop();
});

const ROOT = "/v1/webhooks/endpoints";
const NOBODY = "ep_aaaaaaaaaaaaaaaaaaaa";

interface Documented {
  readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
}

interface OpenApi {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Documented> }>>;
  readonly components: { readonly schemas: { readonly Problem: { readonly $ref?: string } } };
}

let document: OpenApi;
beforeAll(async () => {
  document = (await api.call("GET", "/v1/webhooks/openapi.json", undefined, { token: null })).body;
});

/** Calls, and holds the answer against the document. */
async function call(
  method: string,
  path: string,
  ...rest: [body?: unknown, options?: object]
): Promise<ApiReply> {
  const reply = await api.call(method, path, ...rest);
  const template = path.split("?", 1)[0]?.replace(/ep_[a-z0-9]+/, "{id}") ?? "";
  const operation = document.paths[template]?.[method.toLowerCase()];
  const documented = operation?.responses[String(reply.status)];
  expect(documented, `${method} ${template} answered ${reply.status}, which is not documented`).toBeDefined();
  const [content] = Object.entries(documented?.content ?? {});
  if (content === undefined) {
    expect(reply.body).toBeUndefined();
    return reply;
  }
  const [type, { schema }] = content;
  expect(reply.headers.get("content-type")).toBe(type);
  const described = z.fromJSONSchema(
    schema.$ref === undefined ? schema : document.components.schemas.Problem,
  );
  expect(described.safeParse(reply.body).error).toBeUndefined();
  return reply;
}

async function create(part: object = {}): Promise<{ id: string; revision: number; secret: string }> {
  const { status, body } = await call("POST", ROOT, {
    url: `${sink.url}/x`,
    channels: ["shop.none"],
    ...part,
  });
  expect(status).toBe(201);
  return body;
}

describe("an endpoint", () => {
  it("is made with defaults and a secret of its own, and seen without it", async () => {
    const { id, secret } = await create({ headers: { "x-key": "hush" } });
    expect(secret).toMatch(/^whsec_/);
    const { status, body, headers } = await call("GET", `${ROOT}/${id}`);
    expect(status).toBe(200);
    expect(headers.get("etag")).toBe(`"${body.revision}"`);
    expect(body).toMatchObject({ ordering: "none", payload: "raw", paused: false, concurrency: 10 });
    expect(JSON.stringify(body)).not.toMatch(/whsec_|hush/);
    const listed = await call("GET", `${ROOT}?limit=200`);
    expect(listed.body.endpoints.map((one: { id: string }) => one.id)).toContain(id);
  });

  it("is changed, replaced and deleted only under its newest revision", async () => {
    const { id, revision } = await create({ headers: { "x-key": "hush" }, description: "first" });
    const match = (of: number) => ({ headers: { "if-match": `"${of}"` } });
    const patched = await call("PATCH", `${ROOT}/${id}`, { paused: true }, match(revision));
    expect(patched.body).toMatchObject({ paused: true, description: "first" });
    const late = await call("PATCH", `${ROOT}/${id}`, { paused: false }, match(revision));
    expect(late.body.code).toBe("revision_conflict");
    const config = { url: `${sink.url}/y`, channels: ["shop.>"], headers: { "x-key": "********" } };
    expect((await call("PUT", `${ROOT}/${id}`, config)).body.code).toBe("revision_required");
    const put = await call("PUT", `${ROOT}/${id}`, config, match(patched.body.revision));
    expect(put.body).toMatchObject({ paused: false, description: "", channels: ["shop.>"] });
    expect((await call("DELETE", `${ROOT}/${id}`, undefined, match(revision))).status).toBe(412);
    expect((await call("DELETE", `${ROOT}/${id}`)).status).toBe(204);
    expect((await call("GET", `${ROOT}/${id}`)).status).toBe(404);
    expect((await call("PATCH", `${ROOT}/${id}`, {})).status).toBe(404);
  });

  it.each([
    [{ url: "http://10.0.0.1/" }, "url", /not allowed/],
    [{ url: "ftp://a.example/" }, "url", /https/],
    [{ channels: [] }, "channels", /no channel/],
    [{ channels: ["shop.*x"] }, "channels.0", /wildcard/],
    [{ channels: ["chat.a"] }, "channels.0", /namespace that webhooks read: shop, apiev/],
    [{ filter: { path: "a" } }, "filter", /.+/],
    [{ headers: { "webhook-id": "1" } }, "headers.webhook-id", /set by the delivery/],
    [{ headers: { "x-a": "a\r\nb: c" } }, "headers.x-a", /visible ASCII/],
    [{ secret: "whsec_c2hvcnQ=" }, "secret", /24 to 64 bytes/],
    [{ concurrency: 0 }, "concurrency", /.+/],
    [{ colour: "red" }, "colour", /not known/],
  ])("is refused with %j, and told why", async (part, field, message) => {
    const { status, body } = await call("POST", ROOT, {
      url: "http://127.0.0.1/",
      channels: ["shop.>"],
      ...part,
    });
    expect(status).toBe(422);
    const problem = body.errors.find((one: { field: string }) => one.field === field);
    expect(problem?.message).toMatch(message);
  });

  it("is refused for a namespace that keeps no history, until it does", async () => {
    await using live = await startApi(server.url, "live", { namespaces: ["chat"] });
    const endpoint = { url: `${sink.url}/x`, channels: ["liveev.>", "chat.a", "chat.b"] };
    const { status, body } = await live.call("POST", ROOT, endpoint);
    expect([status, body.code]).toEqual([422, "invalid"]);
    expect(body.errors.map(({ field }: { field: string }) => field)).toEqual(["channels.1", "channels.2"]);
    expect(body.detail).toMatch(/chat keeps no history.*provision/);
    expect((await live.call("POST", ROOT, { ...endpoint, channels: ["liveev.>"] })).status).toBe(201);
    await using _stream = await startBackend(server.url, "live", ["chat"]);
    expect((await live.call("POST", ROOT, endpoint)).status).toBe(201);
  });

  it("keeps its old secret for the grace after a new one", async () => {
    const { id, secret } = await create();
    const rotated = await call("POST", `${ROOT}/${id}/secrets`, { signature: "v1a", graceSeconds: 60 });
    expect(rotated.status).toBe(201);
    const { secrets } = (await call("GET", `${ROOT}/${id}/secrets`)).body;
    expect(secrets).toHaveLength(2);
    expect(secrets[0]).toMatchObject({
      secret: expect.stringMatching(/^whsk_/),
      publicKey: expect.any(String),
    });
    expect(secrets[1]).toMatchObject({ secret, expiresAt: expect.any(String) });
    const ping = await call("POST", `${ROOT}/${id}/ping`);
    expect(ping.body).toMatchObject({ outcome: "delivered", status: 204 });
    const signature = String(sink.received.at(-1)?.headers["webhook-signature"]);
    expect(signature.split(" ").map((one) => one.split(",")[0])).toEqual(["v1a", "v1"]);
    const none = await call("POST", `${ROOT}/${id}/secrets`, { graceSeconds: 0 });
    expect(none.body.secrets).toHaveLength(1);
  });
});

describe("tokens", () => {
  it.each([
    ["GET", ROOT, null, 401, "token_missing"],
    ["GET", ROOT, "bad", 401, "token_invalid"],
    ["GET", ROOT, "expired", 401, "token_expired"],
    ["GET", ROOT, "write:*", 403, "forbidden"],
    ["GET", `${ROOT}/${NOBODY}`, "write:*", 403, "forbidden"],
    ["GET", `${ROOT}/${NOBODY}/secrets`, "read:*", 403, "forbidden"],
    ["POST", `${ROOT}/${NOBODY}/replay`, "read+write:*", 403, "forbidden"],
    ["GET", `${ROOT}/${NOBODY}`, "read:*", 404, "not_found"],
  ])("%s %s with %s is answered %i %s", async (method, path, token, status, code) => {
    const reply = await call(method, path, undefined, { token });
    expect([reply.status, reply.body.code]).toEqual([status, code]);
  });

  it("cannot send channels somewhere that they cannot read", async () => {
    const wanted = { url: sink.url, channels: ["shop.a", "apiev.>"] };
    const { status, body } = await call("POST", ROOT, wanted, { token: "write:shop" });
    expect([status, body.code]).toEqual([403, "forbidden"]);
    const { id } = await create();
    const patch = { channels: ["apiev.>"] };
    expect((await call("PATCH", `${ROOT}/${id}`, patch, { token: "write:shop" })).status).toBe(403);
  });
});

describe("requests that are none of ours", () => {
  it("are answered with problems", async () => {
    expect((await api.call("GET", "/v1/webhooks/nothing")).body.code).toBe("not_found");
    const wrong = await api.call("PUT", ROOT);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST, GET"]);
    expect((await call("POST", ROOT, "{")).body.code).toBe("malformed");
    expect((await call("POST", ROOT, `"${"a".repeat(300_000)}"`)).body.code).toBe("too_large");
    const plain = { headers: { "content-type": "text/plain" } };
    expect((await call("POST", ROOT, "{}", plain)).body.code).toBe("unsupported_media_type");
    expect((await call("GET", `${ROOT}?limit=0`)).body.code).toBe("malformed");
    const { id } = await create();
    expect((await call("PATCH", `${ROOT}/${id}`, {}, { headers: { "if-match": "*" } })).status).toBe(400);
    expect((await call("GET", `${ROOT}/${id}/attempts?since=yesterday`)).status).toBe(400);
  });
});

describe("what has become of deliveries", () => {
  it("can be seen, and given up ones delivered once more", async () => {
    await using shop = await startSink(() => ({ status: 500, body: "broken" }));
    const { id } = await create({ url: shop.url, channels: ["shop.activity"] });
    expect((await call("GET", `${ROOT}/${id}/health`)).body).toEqual({ state: "unknown" });
    for (const number of [1, 2, 3]) await backend.publish("shop.activity", String(number));
    const letters = await waitUntil(async () => {
      const { deadLetters } = (await call("GET", `${ROOT}/${id}/dead-letters`)).body;
      return deadLetters.length === 3 && deadLetters;
    });
    expect(letters[0]).toMatchObject({
      reason: "exhausted",
      attempts: 2,
      channel: "shop.activity",
      bytes: 1,
    });
    expect((await call("GET", `${ROOT}/${id}/health`)).body).toMatchObject({
      state: "failing",
      lastStatus: 500,
    });
    const first = await call("GET", `${ROOT}/${id}/attempts?limit=4&failed=true`);
    expect(first.body.attempts).toHaveLength(4);
    expect(first.body.attempts[0]).toMatchObject({ outcome: "failed", status: 500, response: "broken" });
    const rest = await call("GET", `${ROOT}/${id}/attempts?after=${first.body.next}`);
    expect(rest.body.attempts).toHaveLength(2);

    shop.behaviour = () => ({ status: 200 });
    const failed = shop.received.length;
    const single = await call("POST", `${ROOT}/${id}/replay`, { message: letters[1].message });
    expect([single.status, single.body.queued]).toEqual([202, 1]);
    const range = { what: "dead_letters", since: "2020-01-01T00:00:00Z" };
    expect((await call("POST", `${ROOT}/${id}/replay`, range)).body).toEqual({ queued: 2, more: false });
    await shop.arrived(failed + 3);
    const ids = letters.map((letter: { message: string }) => letter.message).sort();
    const replayed = shop.received.slice(failed).map((one) => one.id);
    expect(replayed.sort()).toEqual(ids);
    const left = async () => (await call("GET", `${ROOT}/${id}/dead-letters`)).body.deadLetters;
    await waitUntil(async () => (await left()).length === 0);

    const again = { what: "messages", since: "2020-01-01T00:00:00Z" };
    expect((await call("POST", `${ROOT}/${id}/replay`, again)).body).toEqual({ queued: 3, more: false });
    await shop.arrived(failed + 6);
    const one = await call("POST", `${ROOT}/${id}/replay`, { message: letters[0].message });
    expect(one.body.queued).toBe(1);
    await shop.arrived(failed + 7);
    expect((await call("POST", `${ROOT}/${id}/replay`, { message: "abc-1" })).status).toBe(404);
    expect((await call("POST", `${ROOT}/${id}/replay`, {})).status).toBe(422);
    const path = `${ROOT}/${id}/attempts?message=${letters[0].message}`;
    await waitUntil(async () => (await call("GET", path)).body.attempts.length >= 5);
    expect((await call("GET", `${ROOT}/${id}/health`)).body.state).toBe("well");
  });

  it("waits while an endpoint is paused, and ends when it is disabled", async () => {
    await using gone = await startSink(() => ({ status: 410 }));
    const { id } = await create({ url: gone.url, channels: ["shop.pausing"], paused: true });
    await backend.publish("shop.pausing", "1");
    expect((await call("GET", `${ROOT}/${id}/health`)).body.state).toBe("paused");
    await waitUntil(async () => /deferrals_total\{reason="paused"\} 1/.test(await api.exposition.text()));
    expect(gone.received).toHaveLength(0);
    await call("PATCH", `${ROOT}/${id}`, { paused: false });
    await backend.publish("shop.pausing", "2");
    await waitUntil(async () => (await call("GET", `${ROOT}/${id}/health`)).body.state === "disabled");
    expect((await call("GET", `${ROOT}/${id}`)).body.disabled.reason).toBe("gone");
    const enabled = await call("POST", `${ROOT}/${id}/enable`);
    expect(enabled.body.disabled).toBeUndefined();
    expect((await call("GET", `${ROOT}/${id}/health`)).body).toEqual({ state: "unknown" });
  });
});
