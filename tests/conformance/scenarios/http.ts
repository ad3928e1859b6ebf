import { strict as assert } from "node:assert";
import { once, type Scenario } from "../scenario.ts";
import { CLOSED_CHANNEL } from "../target.ts";
import type { HttpAnswer } from "../transports/http-client.ts";
import type { Json } from "../transports/read-message.ts";

/** A problem document of RFC 9457 with the members of PROTOCOL.md, section 16. */
function isProblem(answer: HttpAnswer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
  const problem = JSON.parse(answer.text) as Json;
  assert.deepEqual(
    [problem["status"], problem["code"], problem["type"]],
    [status, code, `urn:tidegate:error:${code}`],
  );
  assert.equal(typeof problem["title"], "string");
  assert.equal(typeof problem["detail"], "string");
  assert.equal(typeof problem["retryable"], "boolean");
  assert.equal(problem["requestId"], answer.headers.get("x-request-id"));
}

export const HTTP: readonly Scenario[] = [
  once("HTTP", "what is wrong is told by a problem document", async (context) => {
    const channels = context.channel();
    isProblem(await context.http("/v1/nothing"), 404, "not_found");
    isProblem(await context.http("/"), 404, "not_found");
    for (const path of ["/v1/sse", "/v1/poll", `/v1/history/${channels}`]) {
      const answer = await context.http(path, { method: "POST", body: "{}" });
      isProblem(answer, 405, "method_not_allowed");
      assert.match(answer.headers.get("allow") ?? "", /GET/);
    }
    for (const path of ["/v1/publish", "/v1/request"]) {
      const answer = await context.http(path);
      isProblem(answer, 405, "method_not_allowed");
      assert.match(answer.headers.get("allow") ?? "", /POST/);
    }
    for (const path of ["/v1/sse", "/v1/poll"]) {
      isProblem(await context.http(path), 400, "invalid_field");
      isProblem(await context.http(path, { query: { channels: CLOSED_CHANNEL } }), 403, "forbidden");
      isProblem(await context.http(path, { query: { channels: "a..b" } }), 400, "channel_invalid");
      const refused = await context.http(path, { query: { channels }, token: "x" });
      isProblem(refused, 401, "token_invalid");
      assert.match(refused.headers.get("www-authenticate") ?? "", /^Bearer/);
    }
    isProblem(await context.http("/v1/sse", { query: { channels, format: "xml" } }), 400, "invalid_field");
  }),

  once("HTTP", "a description for programs is there, open to everyone", async (context) => {
    const answer = await context.http("/v1/openapi.json", { token: undefined });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
    const { openapi, paths } = JSON.parse(answer.text) as { readonly openapi: string; readonly paths: Json };
    assert.match(openapi, /^3\./);
    for (const path of ["/v1/sse", "/v1/poll", "/v1/publish", "/v1/request", "/v1/history/{channel}"]) {
      assert.ok(Object.hasOwn(paths, path), path);
    }
  }),

  once("HTTP", "wrong parameters of a poll are refused", async (context) => {
    const channels = context.channel();
    for (const wrong of [
      { timeout: "-1" },
      { timeout: "60001" },
      { timeout: "soon" },
      { timeout: "1.5" },
      { limit: "0" },
      { limit: "1001" },
      { limit: "all" },
    ]) {
      isProblem(await context.http("/v1/poll", { query: { channels, ...wrong } }), 400, "invalid_field");
    }
  }),

  once("HTTP", "a request id comes back, or is made", async (context) => {
    const query = { channels: context.channel(), timeout: "0" };
    const given = await context.http("/v1/poll", { query, headers: { "x-request-id": "a-1.b_2" } });
    assert.equal(given.headers.get("x-request-id"), "a-1.b_2");
    const made = await context.http("/v1/poll", { query });
    assert.match(made.headers.get("x-request-id") ?? "", /^[A-Za-z0-9._-]{1,128}$/);
    const bad = await context.http("/v1/poll", { query, headers: { "x-request-id": "a b".repeat(100) } });
    assert.match(bad.headers.get("x-request-id") ?? "", /^[A-Za-z0-9._-]{1,128}$/);
  }),

  once("HTTP", "a page of an origin that is not allowed is refused", async (context) => {
    const query = { channels: context.channel(), timeout: "0" };
    const headers = { origin: "https://conformance.invalid" };
    const answer = await context.http("/v1/poll", { query, headers });
    if (answer.status === 200) {
      context.differs("this deployment allows pages of every origin");
      assert.ok(answer.headers.get("access-control-allow-origin") !== null);
      assert.equal(answer.headers.get("access-control-allow-credentials"), null);
    } else {
      isProblem(answer, 403, "origin_denied");
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
    }
    const before = await context.http(`/v1/history/${context.channel()}`);
    assert.equal(before.headers.get("access-control-allow-origin"), null);
  }),

  once("HTTP", "a token may stand in the address", async (context) => {
    const query = { channels: context.channel(), timeout: "0", access_token: context.target.token };
    assert.equal((await context.http("/v1/poll", { query, token: undefined })).status, 200);
    assert.equal(
      (await context.http("/v1/poll", { query: { ...query, access_token: "x" }, token: undefined })).status,
      401,
    );
  }),
];
