import { strict as assert } from "node:assert";
import { type Context, range, refused } from "../context.ts";
import { once, type Scenario } from "../scenario.ts";
import { ArrivalQueue } from "../transports/arrival-queue.ts";
import { address } from "../transports/http-client.ts";
import type { Json } from "../transports/read-message.ts";
import { Refusal } from "../transports/transport.ts";
import { connectWebSocket } from "../transports/websocket.ts";
import { closeName, WebSocketSession } from "../transports/websocket-session.ts";

interface Connected {
  readonly batch?: boolean;
  readonly limits: { readonly frame: number };
}

type Query = Readonly<Record<string, string | undefined>>;

/** The frames of a connection as they come: text, or bytes. */
async function frames(
  context: Context,
  query: Query,
  action: (arrivals: ArrivalQueue<string | Buffer>) => Promise<void>,
): Promise<void> {
  const url = address(context.target.nodes.next(), "/v1/ws", {
    access_token: context.target.token,
    ...query,
  });
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const arrivals = new ArrivalQueue<string | Buffer>();
  socket.addEventListener("message", ({ data }) => {
    arrivals.push(typeof data === "string" ? data : Buffer.from(data as ArrayBuffer));
  });
  socket.addEventListener("close", ({ code, reason }) => arrivals.fail(new Refusal(closeName(code), reason)));
  try {
    await action(arrivals);
  } finally {
    socket.close();
  }
}

/** A session whose address says what it wants. */
async function addressed(
  context: Context,
  query: Query,
  action: (session: WebSocketSession) => Promise<void>,
): Promise<void> {
  const url = address(context.target.nodes.next(), "/v1/ws", {
    access_token: context.target.token,
    ...query,
  });
  const session = await WebSocketSession.open(url);
  try {
    await action(session);
  } finally {
    await session.close();
  }
}

async function nextOf(session: WebSocketSession, type: string): Promise<Readonly<Record<string, unknown>>> {
  const { message } = await session.arrivals.take(
    type,
    undefined,
    (candidate) => candidate.message["type"] === type,
  );
  return message;
}

export const WEBSOCKET: readonly Scenario[] = [
  once(
    "WebSocket",
    "the parameter since resumes every replayable channel of the address",
    async (context) => {
      const channels = ["a", "b"].map((name) => context.channel(name));
      const [since] = await context.publishEach(context.channel("c"), [0]);
      await context.publishEach(String(channels[0]), [1]);
      await context.publishEach(String(channels[1]), [2]);
      await addressed(context, { channels: channels.join(","), since }, async (session) => {
        const resumed = [await nextOf(session, "subscribed"), await nextOf(session, "subscribed")];
        assert.deepEqual(
          resumed.map((message) => message["resumed"]),
          [true, true],
        );
        const got = [await nextOf(session, "message"), await nextOf(session, "message")];
        assert.deepEqual(
          new Set(got.map(({ channel, data }) => `${channel} ${data}`)),
          new Set([`${channels[0]} 1`, `${channels[1]} 2`]),
        );
      });
      await addressed(context, { channels: channels[0], since: "zzzzzzz0-1" }, async (session) => {
        const subscribed = await nextOf(session, "subscribed");
        assert.equal(subscribed["resumed"], false);
        const reset = await nextOf(session, "reset");
        assert.deepEqual([reset["channel"], reset["reason"]], [channels[0], "epoch"]);
        assert.equal(reset["cursor"], subscribed["cursor"]);
      });
      await addressed(context, { channels: channels[0], since: "x" }, async (session) => {
        await refused(() => nextOf(session, "subscribed"), "request_invalid");
      });
    },
  ),

  once("raw WebSocket", "bare payloads come as frames, also those that were missed", async (context) => {
    const channels = context.channel();
    const [since] = await context.publishEach(channels, [1, 2]);
    await frames(context, { channels, since, format: "raw" }, async (arrivals) => {
      assert.equal(await arrivals.take("a payload"), "2");
      await context.publish(channels, { data: "a\r\nb", encoding: "text", event: "named" });
      assert.equal(await arrivals.take("a payload"), "a\r\nb");
      await context.publish(channels, { data: "/wA=", encoding: "base64" });
      assert.deepEqual(await arrivals.take("a payload"), Buffer.from([0xff, 0x00]));
    });
    await frames(context, { channels, since: "zzzzzzz0-1", format: "raw" }, async (arrivals) => {
      await refused(() => arrivals.take("a close"), "reset");
    });
  }),

  once("WebSocket", "bytes come as binary frames where they are asked for", async (context) => {
    const channels = context.channel();
    await frames(context, { channels, binary: "true" }, async (arrivals) => {
      const subscribed = (frame: string | Buffer): boolean => String(frame).includes('"subscribed"');
      await arrivals.take("subscribed", undefined, subscribed);
      const { cursor } = await context.publish(channels, { data: "/wA=", encoding: "base64", event: "e" });
      const frame = await arrivals.take("a binary frame", undefined, Buffer.isBuffer);
      assert.ok(Buffer.isBuffer(frame));
      const end = frame.indexOf(0x0a);
      assert.deepEqual(frame.subarray(end + 1), Buffer.from([0xff, 0x00]));
      const head = JSON.parse(frame.subarray(0, end).toString()) as Readonly<Record<string, unknown>>;
      assert.deepEqual(
        [head["type"], head["channel"], head["event"], head["cursor"]],
        ["message", channels, "e", cursor],
      );
      assert.equal(head["data"], undefined);
    });
  }),

  once(
    "WebSocket",
    "batch frames hold messages of one channel, a line each, and are no larger than frames may be",
    async (context) => {
      const channels = context.channel();
      const data = range(1, 40).map((n) => ({ n, text: "line\nbreak ".repeat(100) }));
      const [since] = await context.publishEach(channels, [0, ...data]);
      await frames(context, { channels, since, batch: "true" }, async (arrivals) => {
        const connected = JSON.parse(String(await arrivals.take("connected"))) as Connected;
        assert.equal(connected.batch, true);
        assert.match(String(await arrivals.take("subscribed")), /^\{"type":"subscribed"/);
        const received: unknown[] = [];
        while (received.length < data.length) {
          const frame = String(await arrivals.take("a batch"));
          const lines = frame.split("\n").map((line) => JSON.parse(line) as Json);
          assert.ok(
            Buffer.byteLength(frame) <= Math.min(connected.limits.frame, 65_536) || lines.length === 1,
          );
          assert.ok(lines.every(({ type, channel }) => type === "message" && channel === channels));
          received.push(...lines.map((line) => line["data"]));
        }
        assert.deepEqual(received, data);
      });
    },
  ),

  once(
    "WebSocket",
    "a message comes once for each subscription that names it, with one cursor",
    async (context) => {
      const channel = context.channel("p.a");
      const { session } = await connectWebSocket(context.target.nodes, context.target.token);
      try {
        for (const name of [channel, context.channel("p.*")]) {
          await session.ask({ type: "subscribe", channel: name });
        }
        const [cursor] = await context.publishEach(channel, [1]);
        for (const _ of range(1, 2)) {
          const message = await nextOf(session, "message");
          assert.deepEqual([message["channel"], message["data"], message["cursor"]], [channel, 1, cursor]);
        }
      } finally {
        await session.close();
      }
    },
  ),

  once("WebSocket", "a subscription ends when it is asked to, and can be resumed", async (context) => {
    const channel = context.channel();
    const { session } = await connectWebSocket(context.target.nodes, context.target.token);
    try {
      const { message: subscribed } = await session.ask({ type: "subscribe", channel });
      await refused(() => session.ask({ type: "subscribe", channel }), "already_subscribed");
      await session.ask({ type: "unsubscribe", channel });
      await refused(() => session.ask({ type: "unsubscribe", channel }), "not_subscribed");
      await context.publishEach(channel, [1]);
      const since = String(subscribed["cursor"]);
      await session.ask({ type: "subscribe", channel, since });
      assert.equal((await nextOf(session, "message"))["data"], 1);
    } finally {
      await session.close();
    }
  }),
];
