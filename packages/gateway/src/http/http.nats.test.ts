import { openRawSocket, waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { rawRequest, readAnswer, requestText } from "../../testing/http-client.ts";
import { startNode, userToken } from "../../testing/running-node.ts";

const ORIGIN = "https://app.example.com";
const node = await startNode({
  auth: { cookieName: "session" },
  origins: { allow: [ORIGIN, "same-origin"] },
  limits: { frameBytes: "8KiB", payloadBytes: "4KiB" },
});
afterAll(() => node[Symbol.asyncDispose]());

const token = await userToken();
const BEARER = { authorization: `Bearer ${token}` };
const JSON_TYPE = { "content-type": "application/json" };
const PUBLISH = '{"channel":"chat.a","data":1}';

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(node.http(path), init);
}

function post(
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  return ask(path, { method: "POST", body, headers: { ...BEARER, ...JSON_TYPE, ...headers } });
}

/** Waits for what the backend gets on the node's subjects. */
function inbox(subject: string): string[] {
  const received: string[] = [];
  node.backend.subscribe(`${node.prefix}.${subject}`, {
    callback: (_error, message) => {
      received.push(message.string());
    },
  });
  return received;
}

describe("every answer", () => {
  it("carries the request's id if it has a good one, else one of its own", async () => {
    const own = await ask("/v1/openapi.json", { headers: { "x-request-id": "my-Request_7.a" } });
    expect(own.headers.get("x-request-id")).toBe("my-Request_7.a");
    const ids = new Set<string | null>();
    for (const bad of ["", "a b", 'quote"', "x".repeat(129), "ü"]) {
      const { headers } = await rawRequest(node.gateway.port, "/v1/openapi.json", {
        headers: { "X-Request-Id": bad },
      });
      expect(headers["x-request-id"]).toMatch(/^n1-[0-9a-z]+-[0-9a-z]+$/);
      ids.add(headers["x-request-id"] ?? "");
    }
    expect(ids.size).toBe(5);
  });

  it("that is a problem says so as RFC 9457 does", async () => {
    const answer = await ask("/v1/nothing", { headers: { "x-request-id": "q1" } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toStrictEqual({
      type: "urn:tidegate:error:not_found",
      title: "Not Found",
      status: 404,
      detail: "there is nothing at this address",
      code: "not_found",
      retryable: false,
      requestId: "q1",
    });
  });

  it("names the methods that an address takes", async () => {
    const answer = await ask("/v1/publish", { method: "DELETE" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST, OPTIONS");
    expect(await answer.json()).toMatchObject({ code: "method_not_allowed" });
    expect((await ask("/v1/poll", { method: "POST" })).headers.get("allow")).toBe("GET, HEAD, OPTIONS");
  });

  it("has no body for HEAD, and the length of the one that there would be", async () => {
    const get = await ask("/v1/openapi.json");
    const length = (await get.text()).length;
    const head = await rawRequest(node.gateway.port, "/v1/openapi.json", { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, headers: { "content-length": String(length) } });
  });

  it("is counted by route and status, and never by what a client made up", async () => {
    await node.counts('tidegate_http_requests_total{route="none",status="404"}', () => ask("/v1/made-up"));
    await node.counts('tidegate_errors_total{code="not_found"}', () => ask("/v1/made-up"));
    expect(await node.metrics()).not.toContain("made-up");
  });

  it.each([
    "/v1/history/",
    "/v1/history/a/b",
    "/v1/history/%zz",
    "/v1/sse/",
    "//v1/sse",
    "/V1/sse",
    "/%2e%2e",
  ])("to %s is that there is nothing", async (path) => {
    expect((await rawRequest(node.gateway.port, path)).status).toBe(404);
  });

  it("comes on the same TCP connection, one after another", async () => {
    await using socket = await openRawSocket(node.gateway.port);
    for (const path of ["/v1/nothing", "/v1/openapi.json", "/v1/nothing"]) {
      await socket.write(requestText(path));
      expect((await readAnswer(socket)).status).toBe(path === "/v1/nothing" ? 404 : 200);
    }
  });
});

describe("pages", () => {
  const PATH = "/v1/poll?channels=chat.a&timeout=0";

  it("of a listed origin may read answers, with credentials", async () => {
    const answer = await ask(PATH, { headers: { ...BEARER, origin: ORIGIN } });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "ETag, Retry-After, X-Request-Id",
      vary: "Authorization, Cookie, Origin",
    });
  });

  it("of another origin are refused before anything happens, and may not read that", async () => {
    const received = inbox("chat.a");
    const answer = await post("/v1/publish", PUBLISH, { origin: "https://evil.example" });
    expect(answer.status).toBe(403);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(await answer.json()).toMatchObject({ code: "origin_denied" });
    await node.backend.flush();
    expect(received).toStrictEqual([]);
  });

  it("learn by a preflight what they may send", async () => {
    const headers = {
      origin: ORIGIN,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    };
    const answer = await ask("/v1/publish", { method: "OPTIONS", headers });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("content-length")).toBeNull();
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-methods": "POST, OPTIONS",
      "access-control-allow-headers": expect.stringContaining("Idempotency-Key"),
      "access-control-max-age": "7200",
    });
    const denied = await ask("/v1/publish", {
      method: "OPTIONS",
      headers: { ...headers, origin: "https://evil.example" },
    });
    expect(denied.status).toBe(403);
  });

  it("may read errors, too", async () => {
    const answer = await ask("/v1/poll", { headers: { ...BEARER, origin: ORIGIN } });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("access-control-allow-origin")).toBe(ORIGIN);
  });
});

describe("a page of any origin, where all may come", () => {
  it("gets no credentials", async () => {
    await using open = await startNode({ origins: { allow: ["*"] } });
    const answer = await fetch(open.http("/v1/poll?channels=news.a&timeout=0"), {
      headers: { origin: ORIGIN },
    });
    expect(answer.headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  });
});

describe("credentials", () => {
  const PATH = "/v1/poll?channels=chat.a&timeout=0";

  it.each<[string, string, Record<string, string>]>([
    ["the header", PATH, BEARER],
    ["the address", `${PATH}&access_token=${token}`, {}],
    ["a cookie of a listed origin", PATH, { cookie: `session=${token}`, origin: ORIGIN }],
  ])("may stand in %s", async (_what, path, headers) => {
    const { status } = await rawRequest(node.gateway.port, path, { headers });
    expect(status).toBe(200);
  });

  it("are not a cookie without an origin", async () => {
    const answer = await rawRequest(node.gateway.port, PATH, { headers: { cookie: `session=${token}` } });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
    expect(JSON.parse(answer.body)).toMatchObject({ code: "token_missing" });
  });

  it("that are refused are never taken for none", async () => {
    const answer = await ask("/v1/poll?channels=news.a&timeout=0", {
      headers: { authorization: "Bearer x" },
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
    expect(await answer.json()).toMatchObject({ code: "token_invalid" });
  });

  it("do not let anyone do what is not granted", async () => {
    const answer = await ask("/v1/poll?channels=user.bob.a&timeout=0", { headers: BEARER });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: "forbidden", channel: "user.bob.a" });
  });

  it("larger than all headers may be are answered by the transport, in its own words", async () => {
    const answer = await rawRequest(node.gateway.port, PATH, {
      headers: { authorization: `Bearer ${"x".repeat(5_000)}` },
    });
    expect(answer.status).toBe(431);
  });

  it("reach no log", async () => {
    await ask(`${PATH}&access_token=${token}`);
    await ask(PATH, { headers: BEARER });
    expect(node.log.join("\n")).not.toContain(token);
  });
});

describe("POST /v1/publish", () => {
  it("publishes to the subscribers of a live channel", async () => {
    const received = inbox("chat.b");
    await node.backend.flush();
    const answer = await post(
      "/v1/publish",
      '{"channel":"chat.b","event":"said","data":{"n": 9007199254740993}}',
    );
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("{}");
    await waitUntil(() => received.length > 0, { message: "the message" });
    expect(received).toStrictEqual(['{"n": 9007199254740993}']);
  });

  it("says to subscribers who sent it, by an id that no connection has", async () => {
    await using client = await node.subscriber(["chat.c"]);
    await post("/v1/publish", '{"channel":"chat.c","data":"x"}');
    const { from } = await client.next("message");
    expect(from).toMatchObject({ user: "ada", connection: expect.stringMatching(/^n1-/) });
  });

  it.each<[string, string, number, string]>([
    ["no JSON", "{", 400, "malformed"],
    ["no object", "[1]", 400, "malformed"],
    ["nothing", "", 400, "malformed"],
    ["no channel", '{"data":1}', 400, "invalid_field"],
    ["no data", '{"channel":"chat.a"}', 400, "invalid_field"],
    ["a bad channel", '{"channel":"chat..a","data":1}', 400, "channel_invalid"],
    ["a channel that is not granted", '{"channel":"news.a","data":1}', 403, "forbidden"],
    ["an event of ours", '{"channel":"chat.a","data":1,"event":"tidegate.end"}', 400, "invalid_field"],
    ["too large a payload", `{"channel":"chat.a","data":"${"x".repeat(5_000)}"}`, 413, "payload_too_large"],
    ["too large a body", `{"channel":"chat.a","data":"${"x".repeat(9_000)}"}`, 413, "payload_too_large"],
    ["inherited fields", '{"__proto__":{"channel":"chat.a"},"data":1}', 400, "invalid_field"],
  ])("refuses %s", async (_what, body, status, code) => {
    const answer = await post("/v1/publish", body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code, status });
  });

  it("refuses what is not UTF-8", async () => {
    const answer = await post("/v1/publish", Buffer.from([0x22, 0xff, 0x22]));
    expect(await answer.json()).toMatchObject({ code: "malformed" });
  });

  it.each<[string, Record<string, string>]>([
    ["another type", { "content-type": "text/plain" }],
    ["a compressed body", { "content-encoding": "gzip" }],
  ])("refuses %s", async (_what, headers) => {
    const answer = await post("/v1/publish", PUBLISH, headers);
    expect(answer.status).toBe(415);
    expect(await answer.json()).toMatchObject({ code: "unsupported_media_type" });
  });

  it("takes any spelling of the right type", async () => {
    const answer = await post("/v1/publish", PUBLISH, { "content-type": "Application/JSON; charset=utf-8" });
    expect(answer.status).toBe(200);
  });

  it("takes a key from the header, but not two that differ", async () => {
    const withKey = '{"channel":"chat.a","data":1,"key":"k1"}';
    expect((await post("/v1/publish", PUBLISH, { "idempotency-key": "k1" })).status).toBe(200);
    expect((await post("/v1/publish", withKey, { "idempotency-key": "k1" })).status).toBe(200);
    expect((await post("/v1/publish", withKey, { "idempotency-key": "k2" })).status).toBe(400);
    expect((await post("/v1/publish", PUBLISH, { "idempotency-key": "k".repeat(129) })).status).toBe(400);
  });

  it("asks somebody who is nobody for a token", async () => {
    const answer = await ask("/v1/publish", { method: "POST", headers: JSON_TYPE, body: PUBLISH });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ code: "token_missing" });
  });

  it("takes a body in chunks", async () => {
    await using socket = await openRawSocket(node.gateway.port);
    const headers = { ...BEARER, ...JSON_TYPE, "Transfer-Encoding": "chunked" };
    await socket.write(requestText("/v1/publish", { method: "POST", headers }));
    for (const part of [PUBLISH.slice(0, 7), PUBLISH.slice(7)]) {
      await socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
    }
    await socket.write("0\r\n\r\n");
    expect((await readAnswer(socket)).status).toBe(200);
  });

  it("answers before a body that is too large has come, and reads the next request", async () => {
    await using socket = await openRawSocket(node.gateway.port);
    const body = "x".repeat(100_000);
    const headers = { ...BEARER, ...JSON_TYPE };
    await socket.write(requestText("/v1/publish", { method: "POST", headers, body }));
    expect((await readAnswer(socket)).status).toBe(413);
    await socket.write(body);
    await socket.write(requestText("/v1/nothing"));
    expect((await readAnswer(socket)).status).toBe(404);
  });

  it("ends the TCP connection of a body that is far too large", async () => {
    await using socket = await openRawSocket(node.gateway.port);
    const headers = { ...BEARER, ...JSON_TYPE, "Content-Length": "1000000000" };
    await socket.write(requestText("/v1/publish", { method: "POST", headers }));
    const answer = await readAnswer(socket);
    expect(answer).toMatchObject({ status: 413, headers: { connection: "close" } });
    await socket.ended;
  });

  it("forgets a client that leaves in the middle of its body", async () => {
    const before = node.gateway.pending?.() ?? {};
    const socket = await openRawSocket(node.gateway.port);
    const headers = { ...BEARER, ...JSON_TYPE, "Content-Length": "500" };
    await socket.write(requestText("/v1/publish", { method: "POST", headers }));
    await socket.write('{"channel"');
    await waitUntil(() => node.gateway.pending?.()["connections"] !== before["connections"], {
      message: "the request to be worked on",
    });
    socket.reset();
    await waitUntil(() => node.gateway.pending?.()["connections"] === before["connections"], {
      message: "the request to be forgotten",
    });
  });
});

describe("POST /v1/request", () => {
  const ASK = '{"method":"demo.echo","data":{"n": 1}}';

  it("brings the backend's reply", async () => {
    const subscription = node.backend.subscribe("rpc.demo.echo", {
      callback: (_error, message) => {
        message.respond(message.data);
      },
    });
    await node.backend.flush();
    const answer = await post("/v1/request", ASK);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('{"data":{"n": 1}}');
    const binary = '{"method":"demo.echo","data":"/w==","encoding":"base64"}';
    expect(await (await post("/v1/request", binary)).json()).toStrictEqual({
      data: "/w==",
      encoding: "base64",
    });
    const empty = '{"method":"demo.echo","data":"","encoding":"text"}';
    expect(await (await post("/v1/request", empty)).json()).toStrictEqual({});
    subscription.unsubscribe();
  });

  it("says that nobody answers, that nobody did in time, or what the backend refused", async () => {
    expect((await post("/v1/request", '{"method":"demo.nobody"}')).status).toBe(503);
    const silent = node.backend.subscribe("rpc.demo.silent", { callback: () => {} });
    const { headers } = await import("@tidegate/testkit").then(({ plainNatsHeaders }) => ({
      headers: plainNatsHeaders({ "Nats-Service-Error-Code": "422", "Nats-Service-Error": "no" }),
    }));
    const refusing = node.backend.subscribe("rpc.demo.refusing", {
      callback: (_error, message) => {
        message.respond("", { headers });
      },
    });
    await node.backend.flush();
    const late = await post("/v1/request", '{"method":"demo.silent","timeout":50}');
    expect(late.status).toBe(504);
    expect(await late.json()).toMatchObject({ code: "request_timeout", retryable: true });
    const refused = await post("/v1/request", '{"method":"demo.refusing"}');
    expect(refused.status).toBe(502);
    expect(await refused.json()).toMatchObject({
      code: "service_error",
      service: { status: "422", message: "no" },
    });
    silent.unsubscribe();
    refusing.unsubscribe();
  });

  it("is refused where it is not granted", async () => {
    expect((await post("/v1/request", '{"method":"other.echo"}')).status).toBe(403);
    expect((await post("/v1/request", '{"method":"one"}')).status).toBe(400);
  });

  it("is given up when the client leaves", async () => {
    const asked: string[] = [];
    const subscription = node.backend.subscribe("rpc.demo.slow", {
      callback: (_error, message) => {
        asked.push(message.string());
      },
    });
    await node.backend.flush();
    await node.counts('tidegate_requests_total{outcome="aborted"}', async () => {
      const socket = await openRawSocket(node.gateway.port);
      const body = '{"method":"demo.slow"}';
      const request = requestText("/v1/request", {
        method: "POST",
        headers: { ...BEARER, ...JSON_TYPE },
        body,
      });
      await socket.write(request + body);
      await waitUntil(() => asked.length > 0, { message: "the backend to be asked" });
      socket.reset();
    });
    subscription.unsubscribe();
  });
});
