import { strict as assert } from "node:assert";
import { type Context, range, receive, receiveData, receiveNothing, refused } from "../context.ts";
import { once, onEveryTransport, type Scenario } from "../scenario.ts";
import { CLOSED_CHANNEL } from "../target.ts";
import { accepted } from "../transports/http-client.ts";
import { type Json, readMessage } from "../transports/read-message.ts";
import type { Received } from "../transports/transport.ts";
import { connectWebSocket } from "../transports/websocket.ts";

interface Page {
  readonly messages: readonly Received[];
  readonly more: boolean;
  readonly older: string | undefined;
  readonly newer: string;
  readonly reset: string | undefined;
}

interface PageQuery {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number;
}

type ReadPage = (channel: string, query?: PageQuery) => Promise<Page>;

function pageOf(value: Json, channel: string): Page {
  assert.equal(value["channel"], channel);
  assert.equal(typeof value["more"], "boolean");
  assert.equal(typeof value["newer"], "string");
  const messages = (value["messages"] as readonly Json[]).map((message) => readMessage(message, ""));
  return { ...(value as object), messages } as unknown as Page;
}

function overHttp(context: Context): ReadPage {
  return async (channel, { limit, ...cursors } = {}) => {
    const query = { ...cursors, limit: limit === undefined ? undefined : String(limit) };
    return pageOf(accepted(await context.http(`/v1/history/${channel}`, { query })), channel);
  };
}

/** Runs the action with a way to read pages by each of the two ways. */
async function eitherWay(context: Context, action: (read: ReadPage) => Promise<void>): Promise<void> {
  await action(overHttp(context));
  const { session } = await connectWebSocket(context.target.nodes, context.target.token);
  try {
    await action(async (channel, query = {}) => {
      const { message } = await session.ask({ type: "history", channel, ...query });
      assert.equal(message["type"], "page");
      return pageOf(message, channel);
    });
  } finally {
    await session.close();
  }
}

/** The text that a message stood in differs from transport to transport. */
function withoutText(messages: readonly Received[]): readonly unknown[] {
  return messages.map(({ text, ...message }) => message);
}

async function backwards(read: ReadPage, channel: string, limit: number): Promise<readonly Received[]> {
  const pages: (readonly Received[])[] = [];
  let before: string | undefined;
  for (let more = true; more; ) {
    const page = await read(channel, { before, limit });
    assert.ok(page.messages.length <= limit);
    pages.unshift(page.messages);
    before = page.older;
    more = page.more;
  }
  return pages.flat();
}

async function forwards(
  read: ReadPage,
  channel: string,
  from: string,
  limit: number,
): Promise<readonly Received[]> {
  const messages: Received[] = [];
  let after = from;
  for (let more = true; more; ) {
    const page = await read(channel, { after, limit });
    assert.equal(page.reset, undefined);
    messages.push(...page.messages);
    after = page.newer;
    more = page.more;
  }
  return messages;
}

export const HISTORY: readonly Scenario[] = [
  onEveryTransport("pages of history agree with what was delivered, both ways", async (context) => {
    const channel = context.channel();
    const stream = await context.subscribe([channel]);
    const begin = stream.position().get(channel) ?? "";
    await context.publishEach(channel, range(1, 9));
    await context.publish(channel, { data: "AP8=", encoding: "base64", event: "bytes" });
    await context.publish(channel, { data: "a\nb", encoding: "text", event: "lines" });
    const delivered = withoutText(await receive(stream, 11));
    await eitherWay(context, async (read) => {
      assert.deepEqual(withoutText((await read(channel)).messages), delivered);
      for (const limit of [1, 4, 11, 1_000]) {
        assert.deepEqual(withoutText(await backwards(read, channel, limit)), delivered);
        assert.deepEqual(withoutText(await forwards(read, channel, begin, limit)), delivered);
      }
    });
  }),

  onEveryTransport("a page and a subscription from its end leave nothing out", async (context) => {
    const channel = context.channel();
    await context.publishEach(channel, range(1, 5));
    await eitherWay(context, async (read) => {
      const { messages, newer } = await read(channel);
      const last = Number(messages.at(-1)?.data);
      await context.publishEach(channel, [last + 1]);
      const stream = await context.subscribe([channel], newer);
      await context.publishEach(channel, [last + 2]);
      assert.deepEqual(await receiveData(stream, 2), [last + 1, last + 2]);
      await receiveNothing(stream);
      await stream.close();
    });
  }),

  onEveryTransport("the page of a channel without messages is a place to go on from", async (context) => {
    await eitherWay(context, async (read) => {
      const channel = context.channel(`empty-${Math.random().toString(36).slice(2)}`);
      const page = await read(channel);
      assert.deepEqual([page.messages, page.more, page.older], [[], false, undefined]);
      await context.publishEach(channel, [1]);
      const stream = await context.subscribe([channel], page.newer);
      assert.deepEqual(await receiveData(stream, 1), [1]);
      await stream.close();
    });
  }),

  once("WebSocket and HTTP", "pages from a cursor of another life of the store say so", async (context) => {
    const channel = context.channel();
    const [cursor = ""] = await context.publishEach(channel, range(1, 3));
    await eitherWay(context, async (read) => {
      const foreign = await read(channel, { after: "zzzzzzz0-5" });
      assert.deepEqual([foreign.reset, foreign.messages.length], ["epoch", 3]);
      const future = await read(channel, { after: cursor.replace(/-.*$/, "-zzzzzzzz") });
      assert.equal(future.reset, "future");
      const before = await read(channel, { before: "zzzzzzz0-5", limit: 2 });
      assert.deepEqual(
        before.messages.map(({ data }) => data),
        [2, 3],
      );
      assert.equal(before.reset, "epoch");
    });
  }),

  once("WebSocket and HTTP", "what no page can be given for is refused", async (context) => {
    const channel = context.channel();
    const [cursor = ""] = await context.publishEach(channel, [1]);
    await eitherWay(context, async (read) => {
      await refused(() => read(channel, { before: cursor, after: cursor }), "invalid_field");
      await refused(() => read(channel, { before: "x" }), "cursor_invalid");
      await refused(() => read(channel, { after: "k3j9x0ab-01" }), "cursor_invalid");
      for (const limit of [0, -1, 1.5, 1_001]) {
        await refused(() => read(channel, { limit }), "invalid_field");
      }
      await refused(() => read(`${channel}.*`), "channel_invalid");
      await refused(() => read(CLOSED_CHANNEL), "forbidden");
      await refused(() => read(`${context.target.prefix.split(".")[0]}._tick`), "forbidden");
    });
  }),

  once("WebSocket", "the last messages can be replayed first", async (context) => {
    const channel = context.channel();
    await context.publishEach(channel, range(1, 6));
    for (const [replay, expected] of [
      [1, [6]],
      [4, range(3, 6)],
      [100, range(1, 6)],
    ] as const) {
      const { session } = await connectWebSocket(context.target.nodes, context.target.token);
      const { message: subscribed } = await session.ask({ type: "subscribe", channel, replay });
      assert.equal(subscribed["resumed"], undefined);
      for (const data of expected) {
        const { message } = await session.arrivals.take("a replayed message");
        assert.equal(message["data"], data);
      }
      await session.close();
      const again = await context.open(websocket(context), {
        channels: [channel],
        resume: String(subscribed["cursor"]),
      });
      assert.deepEqual(await receiveData(again, expected.length), expected);
      await again.close();
    }
    const { session } = await connectWebSocket(context.target.nodes, context.target.token);
    try {
      const { message } = await session.ask({ type: "subscribe", channel: context.channel("b") });
      const since = String(message["cursor"]);
      await refused(() => session.ask({ type: "subscribe", channel, since, replay: 1 }), "invalid_field");
      await refused(() => session.ask({ type: "subscribe", channel, replay: 0 }), "invalid_field");
      await refused(
        () => session.ask({ type: "subscribe", channel: `${channel}.*`, replay: 1 }),
        "invalid_field",
      );
    } finally {
      await session.close();
    }
  }),
];

function websocket(context: Context) {
  const transport = context.transports.get("websocket");
  assert.ok(transport !== undefined);
  return transport;
}
