import { readFileSync } from "node:fs";
import { openClient, plainNatsHeaders, startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RawAnswer, rawRequest } from "../../../testing/http-client.ts";
import { schemaProblems } from "../../../testing/json-schema.ts";
import { REPLAY_GRANTS } from "../../../testing/replay-nodes.ts";
import { type RunningNode, startNode, userToken } from "../../../testing/running-node.ts";
import { OPENAPI } from "./document.ts";

const SETTINGS = {
  limits: { frameBytes: "8KiB", payloadBytes: "4KiB" },
  namespaces: {
    room: { publish: "direct", history: { messagesPerChannel: 100, replicas: 1 } },
    talk: { publish: "direct" },
  },
};

const server = await startNats({ own: true });
const node = await startNode({ ...SETTINGS, subjects: { prefix: "api" } }, server.url);
const strict = await startNode(
  { ...SETTINGS, subjects: { prefix: "strict" }, http: { requestsPerSecond: 1, requestBurst: 1 } },
  server.url,
);
const lostServer = await startNats({ own: true });
const lost = await startNode({ ...SETTINGS, subjects: { prefix: "lost" } }, lostServer.url);
afterAll(async () => {
  for (const one of [node, strict, lost]) {
    await one[Symbol.asyncDispose]();
  }
  await server.stop();
  await lostServer.stop();
});

const token = await userToken({ grants: { ...REPLAY_GRANTS, request: ["demo.>"] } });
const BEARER = { Authorization: `Bearer ${token}` };
const POSTING = { ...BEARER, "Content-Type": "application/json" };
const TRACE = {
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: "vendor=1",
};
const FOREIGN = { Origin: "https://evil.example" };
const UPGRADE = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

type Method = "get" | "post";

interface Case {
  /** As it stands in the document. */
  readonly path: string;
  readonly method?: Method;
  readonly on?: RunningNode;
  /** What stands in the place of `{channel}`. */
  readonly channel?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status: number;
  readonly code?: string;
}

const poll = (part: Partial<Case> & { status: number }): Case => ({
  path: "/v1/poll",
  headers: BEARER,
  ...part,
});
const sse = (part: Partial<Case> & { status: number }): Case => ({
  path: "/v1/sse",
  headers: BEARER,
  ...part,
});
const history = (part: Partial<Case> & { status: number }): Case => ({
  path: "/v1/history/{channel}",
  channel: "room.a",
  headers: BEARER,
  ...part,
});
const publish = (body: string, part: Partial<Case> & { status: number }): Case => ({
  path: "/v1/publish",
  method: "post",
  headers: POSTING,
  body,
  ...part,
});
const request = (body: string, part: Partial<Case> & { status: number }): Case => ({
  path: "/v1/request",
  method: "post",
  headers: POSTING,
  body,
  ...part,
});

const MESSAGE = '{"channel":"room.a","data":{"n":1},"event":"said","key":"k1","more":true}';
const ECHO = '{"method":"demo.echo","data":1,"timeout":2000}';
const NOWHERE = "zzzzzzzz-1";

const CASES: readonly Case[] = [
  publish(MESSAGE, { status: 200, headers: { ...POSTING, ...TRACE, "X-Request-Id": "q1" } }),
  publish('{"channel":"room.a","data":1}', { status: 200, headers: { ...POSTING, "Idempotency-Key": "k1" } }),
  publish('{"channel":"talk.a","data":"x","encoding":"text"}', { status: 200 }),
  publish("{", { status: 400, code: "malformed" }),
  publish('{"channel":"room.a"}', { status: 400, code: "invalid_field" }),
  publish('{"channel":"room..a","data":1}', { status: 400, code: "channel_invalid" }),
  publish(MESSAGE, { status: 401, code: "token_missing", headers: { "Content-Type": "application/json" } }),
  publish('{"channel":"void.a","data":1}', { status: 403, code: "forbidden" }),
  publish(`{"channel":"room.a","data":"${"x".repeat(9_000)}"}`, { status: 413, code: "payload_too_large" }),
  publish(MESSAGE, { status: 415, code: "unsupported_media_type", headers: BEARER }),
  publish(MESSAGE, { status: 429, code: "rate_limited", on: strict }),
  publish('{"channel":"talk.a","data":1}', { status: 503, code: "broker_unavailable", on: lost }),

  request(ECHO, { status: 200, headers: { ...POSTING, ...TRACE, "X-Request-Id": "q2" } }),
  request('{"method":"demo.echo","data":"","encoding":"text"}', { status: 200 }),
  request('{"method":"one"}', { status: 400, code: "channel_invalid" }),
  request("[]", { status: 400, code: "malformed" }),
  request(ECHO, { status: 401, code: "token_invalid", headers: { ...POSTING, Authorization: "Bearer x" } }),
  request('{"method":"other.echo"}', { status: 403, code: "forbidden" }),
  request(`{"method":"demo.echo","data":"${"x".repeat(5_000)}"}`, { status: 413, code: "payload_too_large" }),
  request(ECHO, { status: 415, code: "unsupported_media_type", headers: BEARER }),
  request(ECHO, { status: 429, code: "rate_limited", on: strict }),
  request('{"method":"demo.refuse"}', { status: 502, code: "service_error" }),
  request('{"method":"demo.nobody"}', { status: 503, code: "no_responders" }),
  request('{"method":"demo.silent","timeout":50}', { status: 504, code: "request_timeout" }),

  history({ status: 200, query: "limit=1" }),
  history({ status: 200, query: `before=${NOWHERE}` }),
  history({ status: 200, query: `after=${NOWHERE}`, headers: { ...BEARER, "X-Request-Id": "q3" } }),
  history({ status: 400, code: "invalid_field", query: "limit=0" }),
  history({ status: 400, code: "channel_invalid", channel: "room.*" }),
  history({ status: 400, code: "cursor_invalid", query: "before=nonsense" }),
  history({ status: 401, code: "token_missing", headers: {} }),
  history({ status: 403, code: "forbidden", channel: "talk.a" }),
  history({ status: 429, code: "rate_limited", on: strict }),
  history({ status: 503, on: lost }),

  poll({ status: 200, query: `channels=room.a&timeout=0&limit=1&cursor=${NOWHERE}` }),
  poll({ status: 200, query: "channels=talk.a&timeout=0", headers: { ...BEARER, "X-Request-Id": "q4" } }),
  poll({ status: 400, code: "invalid_field" }),
  poll({ status: 400, code: "channel_invalid", query: "channels=room..a" }),
  poll({ status: 400, code: "cursor_invalid", query: "channels=room.a&cursor=nonsense" }),
  poll({ status: 400, code: "invalid_field", query: "channels=room.a&timeout=60001" }),
  poll({ status: 401, code: "token_missing", query: "channels=room.a", headers: {} }),
  poll({ status: 403, code: "forbidden", query: "channels=void.a" }),
  poll({ status: 429, code: "rate_limited", query: "channels=room.a&timeout=0", on: strict }),
  poll({ status: 503, code: "broker_unavailable", query: "channels=room.a&timeout=0", on: lost }),

  sse({ status: 400, code: "invalid_field", query: "channels=room.a&format=xml" }),
  sse({ status: 401, code: "token_missing", query: "channels=room.a", headers: {} }),
  sse({ status: 403, code: "forbidden", query: "channels=void.a" }),

  { path: "/v1/ws", status: 426, code: "upgrade_required", headers: { "X-Request-Id": "q5" } },
  {
    path: "/v1/ws",
    status: 426,
    code: "upgrade_required",
    headers: { ...UPGRADE, "Sec-WebSocket-Version": "8" },
  },
  {
    path: "/v1/ws",
    status: 400,
    code: "invalid_field",
    headers: { ...UPGRADE, "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "mqtt" },
  },
  { path: "/v1/ws", status: 403, code: "origin_denied", headers: FOREIGN },
  { path: "/v1/openapi.json", status: 200, headers: { "X-Request-Id": "q6" } },
  { path: "/v1/openapi.json", status: 403, code: "origin_denied", headers: FOREIGN },
];

/** Needs a defect or a stopped store, and is tried elsewhere or below. */
const ELSEWHERE = new Set(["500"]);

const exercised = new Set<string>();
const parameters = new Set<string>();

function note({ path, method = "get", query = "", headers = {}, channel }: Case, status: number): void {
  exercised.add(`${method} ${path} ${status}`);
  for (const name of new URLSearchParams(query).keys()) {
    parameters.add(`${method} ${path} query ${name}`);
  }
  for (const name of Object.keys(headers)) {
    parameters.add(`${method} ${path} header ${name.toLowerCase()}`);
  }
  if (channel !== undefined) {
    parameters.add(`${method} ${path} path channel`);
  }
}

async function ask(asked: Case): Promise<RawAnswer> {
  const { path, method = "get", on = node, channel = "", query = "", headers = {}, body } = asked;
  const address = `${path.replace("{channel}", channel)}${query === "" ? "" : `?${query}`}`;
  const answer = await rawRequest(on.gateway.port, address, {
    method: method.toUpperCase(),
    headers,
    ...(body === undefined ? {} : { body }),
  });
  note(asked, answer.status);
  return answer;
}

/** What of an answer is not as the document says. */
function departures({ path, method = "get" }: Case, { status, headers, body }: RawAnswer): readonly string[] {
  const response = OPENAPI.paths[path]?.[method]?.responses[String(status)];
  if (response === undefined) {
    return [`${method} ${path} has no ${status}`];
  }
  const type = headers["content-type"];
  const missing = Object.keys(response.headers ?? {})
    .filter((name) => headers[name.toLowerCase()] === undefined)
    .map((name) => `lacks the header ${name}`);
  if (response.content === undefined) {
    return body === "" ? missing : [...missing, "has a body"];
  }
  const content = type === undefined ? undefined : response.content[type];
  return content === undefined
    ? [...missing, `is of type ${type}`]
    : [...missing, ...schemaProblems(content.schema, JSON.parse(body), { ...OPENAPI })];
}

beforeAll(async () => {
  node.backend.subscribe("rpc.demo.echo", {
    callback: (_error, message) => void message.respond(message.data),
  });
  node.backend.subscribe("rpc.demo.silent", { callback: () => {} });
  const headers = plainNatsHeaders({ "Nats-Service-Error-Code": "422", "Nats-Service-Error": "no" });
  node.backend.subscribe("rpc.demo.refuse", {
    callback: (_error, message) => void message.respond("", { headers }),
  });
  await node.backend.flush();
  await node.store("room.a", '{"stored":true}');
  // Its one request: from here on it refuses.
  await fetch(strict.http("/v1/poll?channels=talk.a&timeout=0"), { headers: BEARER });
  await lostServer.kill();
  await waitUntil(async () => (await lost.ready()) === 503, { message: "the node to be unready" });
});

describe("the OpenAPI document", () => {
  it("is what a node serves", async () => {
    expect(await (await fetch(node.http("/v1/openapi.json"))).json()).toStrictEqual(
      JSON.parse(JSON.stringify(OPENAPI)),
    );
  });

  it("is the one in the repository", () => {
    const file = readFileSync(new URL("../../../openapi.json", import.meta.url), "utf8");
    // Out of date? Run npm run docs.
    expect(JSON.parse(file)).toStrictEqual(JSON.parse(JSON.stringify(OPENAPI)));
  });

  it.each(CASES)("tells what $method $path $query $body is answered: $status $code", async (asked) => {
    let answer = await ask(asked);
    if (asked.on === strict && answer.status !== asked.status) {
      // A second had passed since the last one; now it has had its one request.
      answer = await ask(asked);
    }
    expect(answer.status).toBe(asked.status);
    expect(departures(asked, answer)).toStrictEqual([]);
    if (asked.code !== undefined) {
      expect(JSON.parse(answer.body)).toMatchObject({ code: asked.code });
    }
  });

  it.each([
    poll({ status: 304, query: `channels=room.a&timeout=0&cursor=${NOWHERE}` }),
    history({ status: 304 }),
  ])("tells what $path is answered if nothing is new", async (asked) => {
    const { headers } = await ask({ ...asked, status: 200 });
    const again = { ...asked, headers: { ...BEARER, "If-None-Match": headers["etag"] ?? "" } };
    const answer = await ask(again);
    expect(answer.status).toBe(304);
    expect(departures(again, answer)).toStrictEqual([]);
  });

  it("tells what an event stream is", async () => {
    const asked = sse({
      status: 200,
      query: "channels=room.a&format=json&last_event_id=x",
      headers: { ...BEARER, "Last-Event-ID": "y", "X-Request-Id": "q7" },
    });
    const abort = new AbortController();
    const answer = await fetch(node.http(`/v1/sse?${asked.query}`), {
      headers: { ...asked.headers },
      signal: abort.signal,
    });
    note(asked, answer.status);
    const { content = {} } = OPENAPI.paths["/v1/sse"]?.get?.responses["200"] ?? {};
    expect(Object.keys(content)).toContain(answer.headers.get("content-type"));
    abort.abort();
  });

  it("tells what a WebSocket is", async () => {
    await using client = openClient(node.url());
    await client.opened;
    note({ path: "/v1/ws", status: 101 }, 101);
  });

  it("tells what is answered when the store does not confirm", async () => {
    const asked = publish('{"channel":"room.b","data":1}', { status: 504, code: "unconfirmed" });
    await server.pause();
    try {
      const answer = await rawRequest(node.gateway.port, "/v1/publish", {
        method: "POST",
        headers: POSTING,
        timeoutMs: 15_000,
        ...(asked.body === undefined ? {} : { body: asked.body }),
      });
      note(asked, answer.status);
      expect(answer.status).toBe(504);
      expect(departures(asked, answer)).toStrictEqual([]);
    } finally {
      await server.resume();
    }
  });

  it("has nothing that was not tried here", () => {
    const operations = Object.entries(OPENAPI.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    const untried = operations.flatMap(({ path, method, operation }) => [
      ...Object.keys(operation.responses)
        .filter((status) => !ELSEWHERE.has(status))
        .map((status) => `${method} ${path} ${status}`)
        .filter((key) => !exercised.has(key)),
      ...operation.parameters
        .map(
          (parameter) =>
            `${method} ${path} ${parameter.in} ${parameter.in === "header" ? parameter.name.toLowerCase() : parameter.name}`,
        )
        .filter((key) => !parameters.has(key)),
    ]);
    expect(untried).toStrictEqual([]);
  });
});
