import { strict as assert } from "node:assert";
import { type Context, refused } from "../context.ts";
import { once, type Scenario } from "../scenario.ts";
import type { Target } from "../target.ts";
import { accepted } from "../transports/http-client.ts";
import type { Json } from "../transports/read-message.ts";
import { connectWebSocket } from "../transports/websocket.ts";

const needsEcho = ({ echoMethod }: Target): string | undefined =>
  echoMethod === undefined ? "--echo-method" : undefined;

type Ask = (request: Json) => Promise<Json>;

function overHttp(context: Context): Ask {
  return async (request) =>
    accepted(await context.http("/v1/request", { method: "POST", body: JSON.stringify(request) }));
}

async function eitherWay(context: Context, action: (ask: Ask) => Promise<void>): Promise<void> {
  await action(overHttp(context));
  const { session } = await connectWebSocket(context.target.nodes, context.target.token);
  try {
    await action(async (request) => {
      const { type, id, ...reply } = (await session.ask({ type: "request", ...request })).message;
      assert.equal(type, "reply");
      return reply;
    });
  } finally {
    await session.close();
  }
}

export const REQUESTS: readonly Scenario[] = [
  once(
    "WebSocket and HTTP",
    "a backend answers requests",
    async (context) => {
      const method = context.target.echoMethod;
      await eitherWay(context, async (ask) => {
        for (const payload of [
          { data: { n: 1, deep: [null, "\u{1f30a}"] } },
          { data: "two\nlines", encoding: "text" },
          { data: "AP8=", encoding: "base64" },
        ]) {
          assert.deepEqual(await ask({ method, ...payload }), payload);
        }
        assert.deepEqual(await ask({ method }), {});
      });
    },
    needsEcho,
  ),

  once("WebSocket and HTTP", "a request that is not granted, or none, is refused", async (context) => {
    await eitherWay(context, async (ask) => {
      await refused(() => ask({ method: "conformance-closed.nobody", data: 1 }), "forbidden");
      await refused(() => ask({ method: "one", data: 1 }), "channel_invalid");
      await refused(() => ask({ method: "a.*", data: 1 }), "channel_invalid");
      await refused(() => ask({ data: 1 }), "invalid_field");
      await refused(() => ask({ method: "a.b", timeout: -1 }), "invalid_field");
    });
  }),
];
