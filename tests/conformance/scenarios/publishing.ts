import { strict as assert } from "node:assert";
import { type Context, receive, receiveData, receiveNothing, refused } from "../context.ts";
import { once, onEveryTransport, type Scenario } from "../scenario.ts";
import { CLOSED_CHANNEL } from "../target.ts";
import type { Json } from "../transports/read-message.ts";
import { connectWebSocket } from "../transports/websocket.ts";

/** Publishes over a WebSocket and returns its `ok`. */
async function publishByWebSocket(context: Context, message: Json): Promise<Json> {
  const { session } = await connectWebSocket(context.target.nodes, context.target.token);
  try {
    return (await session.ask({ type: "publish", ...message })).message;
  } finally {
    await session.close();
  }
}

async function rejected(
  context: Context,
  body: string | Uint8Array,
  status: number,
  code: string,
): Promise<void> {
  const answer = await context.http("/v1/publish", { method: "POST", body });
  const problem = JSON.parse(answer.text) as Json;
  assert.deepEqual([answer.status, problem["code"]], [status, code], String(body).slice(0, 100));
}

export const PUBLISHING: readonly Scenario[] = [
  once("HTTP", "publishing is acknowledged with the cursor that the message has", async (context) => {
    const channel = context.channel();
    const stream = await context.open(only(context), { channels: [channel] });
    const { cursor, duplicate } = await context.publish(channel, { data: 1 });
    const [message] = await receive(stream, 1);
    assert.equal(message?.cursor, cursor);
    assert.notEqual(duplicate, true);
  }),

  once("WebSocket", "publishing is acknowledged with the cursor that the message has", async (context) => {
    const channel = context.channel();
    const stream = await context.open(only(context), { channels: [channel] });
    const { cursor } = await publishByWebSocket(context, { channel, data: 1 });
    const [message] = await receive(stream, 1);
    assert.equal(message?.cursor, cursor);
  }),

  onEveryTransport("of several messages with one key, one arrives", async (context) => {
    const channel = context.channel();
    const stream = await context.subscribe([channel]);
    const first = await context.publish(channel, { data: "first", key: "k" });
    const second = await context.publish(channel, { data: "second", key: "k" });
    const third = await publishByWebSocket(context, { channel, data: "third", key: "k" });
    assert.deepEqual([second["cursor"], second["duplicate"]], [first["cursor"], true]);
    assert.deepEqual([third["cursor"], third["duplicate"]], [first["cursor"], true]);
    const other = await context.publish(channel, { data: "other", key: "l" });
    assert.notEqual(other["cursor"], first["cursor"]);
    const elsewhere = await context.publish(context.channel("b"), { data: "elsewhere", key: "k" });
    assert.notEqual(elsewhere["duplicate"], true);
    assert.deepEqual(await receiveData(stream, 2), ["first", "other"]);
    await receiveNothing(stream);
  }),

  once("HTTP", "the header Idempotency-Key is a key", async (context) => {
    const channel = context.channel();
    const send = (data: number, header: string, key?: string) =>
      context.http("/v1/publish", {
        method: "POST",
        body: JSON.stringify({ channel, data, key }),
        headers: { "idempotency-key": header },
      });
    const first = JSON.parse((await send(1, "k")).text) as Json;
    const second = JSON.parse((await send(2, "k", "k")).text) as Json;
    assert.deepEqual([second["cursor"], second["duplicate"]], [first["cursor"], true]);
    const contradiction = await send(3, "k", "l");
    assert.equal(contradiction.status, 400);
    assert.equal((JSON.parse(contradiction.text) as Json)["code"], "invalid_field");
  }),

  once("HTTP", "what is not a message to publish is refused", async (context) => {
    const channel = context.channel();
    await rejected(context, "", 400, "malformed");
    await rejected(context, "{", 400, "malformed");
    await rejected(context, "[]", 400, "malformed");
    await rejected(context, Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 400, "malformed");
    await rejected(context, "{}", 400, "invalid_field");
    await rejected(context, JSON.stringify({ channel }), 400, "invalid_field");
    await rejected(context, JSON.stringify({ channel: 1, data: 1 }), 400, "invalid_field");
    await rejected(context, JSON.stringify({ channel, data: 1, event: "a\nb" }), 400, "invalid_field");
    await rejected(
      context,
      JSON.stringify({ channel, data: 1, event: "tidegate.reset" }),
      400,
      "invalid_field",
    );
    await rejected(context, JSON.stringify({ channel, data: 1, key: "" }), 400, "invalid_field");
    await rejected(context, JSON.stringify({ channel, data: 1, encoding: "base64" }), 400, "invalid_field");
    await rejected(context, JSON.stringify({ channel, data: "?", encoding: "base64" }), 400, "invalid_field");
    await rejected(context, JSON.stringify({ channel: "a..b", data: 1 }), 400, "channel_invalid");
    await rejected(context, JSON.stringify({ channel: `${channel}.*`, data: 1 }), 400, "channel_invalid");
    await rejected(context, JSON.stringify({ channel: CLOSED_CHANNEL, data: 1 }), 403, "forbidden");
  }),

  once("HTTP", "a body that is not JSON by its own account is refused", async (context) => {
    const body = JSON.stringify({ channel: context.channel(), data: 1 });
    for (const type of ["text/plain", "application/x-www-form-urlencoded", ""]) {
      const answer = await context.http("/v1/publish", {
        method: "POST",
        body,
        headers: { "content-type": type },
      });
      const problem = JSON.parse(answer.text) as Json;
      assert.deepEqual([answer.status, problem["code"]], [415, "unsupported_media_type"], type);
    }
    const charset = { "content-type": "application/json; charset=utf-8" };
    const answer = await context.http("/v1/publish", { method: "POST", body, headers: charset });
    assert.equal(answer.status, 200);
  }),

  once("WebSocket", "what is not a message to publish is refused", async (context) => {
    const channel = context.channel();
    const cases: readonly (readonly [message: Json, code: string])[] = [
      [{ channel }, "invalid_field"],
      [{ channel, data: 1, event: "tidegate.reset" }, "invalid_field"],
      [{ channel: `${channel}.*`, data: 1 }, "channel_invalid"],
      [{ channel: CLOSED_CHANNEL, data: 1 }, "forbidden"],
    ];
    for (const [message, code] of cases) {
      await refused(() => publishByWebSocket(context, message), code);
    }
  }),

  once("WebSocket and HTTP", "a payload beyond the limit is refused", async (context) => {
    const channel = context.channel();
    const { session, connected } = await connectWebSocket(context.target.nodes, context.target.token);
    try {
      const { payload } = connected["limits"] as { readonly payload: number };
      const data = "x".repeat(payload - 1);
      await refused(() => session.ask({ type: "publish", channel, data }), "payload_too_large");
      const { status } = await refused(() => context.publish(channel, { data }), "payload_too_large");
      assert.equal(status, 413);
      await rejected(
        context,
        JSON.stringify({ channel, data: "x".repeat(8 * payload) }),
        413,
        "payload_too_large",
      );
      // The quotes of a JSON string count.
      await session.ask({ type: "publish", channel, data: "x".repeat(payload - 2) });
    } finally {
      await session.close();
    }
  }),

  once("HTTP", "nobody publishes without a good token", async (context) => {
    const body = JSON.stringify({ channel: context.channel(), data: 1 });
    for (const [token, status] of [
      [undefined, [401, 403]],
      ["x", [401]],
    ] as const) {
      const answer = await context.http("/v1/publish", { method: "POST", body, token });
      assert.ok((status as readonly number[]).includes(answer.status), `HTTP status ${answer.status}`);
    }
  }),
];

/** Any transport will do. */
function only(context: Context) {
  const transport = context.transports.get("short polling");
  assert.ok(transport !== undefined);
  return transport;
}
