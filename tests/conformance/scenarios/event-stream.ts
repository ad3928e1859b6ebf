import { strict as assert } from "node:assert";
import type { Context } from "../context.ts";
import { once, type Scenario } from "../scenario.ts";
import { type EventStream, openEventStream, type SseOptions } from "../transports/sse.ts";

async function opened(
  context: Context,
  options: Omit<SseOptions, "token">,
  action: (stream: EventStream) => Promise<void>,
): Promise<void> {
  const stream = await openEventStream(context.target.nodes, { ...options, token: context.target.token });
  try {
    await stream.begun();
    await action(stream);
  } finally {
    await stream.close();
  }
}

export const EVENT_STREAM: readonly Scenario[] = [
  once("sse", "bare payloads are the data of events", async (context) => {
    const channel = context.channel();
    await opened(context, { channels: [channel], format: "raw" }, async (stream) => {
      const cases = [
        [{ data: { a: 1 } }, '{"a":1}'],
        [{ data: "a\nb\r\nc\rd\n", encoding: "text" }, "a\nb\nc\nd\n"],
        [{ data: " \tx ", encoding: "text" }, " \tx "],
        [{ data: ":x", encoding: "text" }, ":x"],
        [{ data: "", encoding: "text" }, ""],
        [{ data: "\u{1f30a}\u0000", encoding: "text" }, "\u{1f30a}\u0000"],
      ] as const;
      for (const [message, data] of cases) {
        const { cursor } = await context.publish(channel, message);
        const block = await stream.block();
        assert.deepEqual([block.event, block.data], ["message", data]);
        assert.equal(block.lastEventId, cursor);
      }
      await context.publish(channel, { data: "/wA=", encoding: "base64", event: "bytes" });
      const bytes = await stream.block();
      assert.deepEqual([bytes.event, bytes.data], ["bytes", "/wA="]);
      assert.ok(stream.parser.comments.some((comment) => comment.trim() === "base64"));
      context.differs("line ends arrive as LF, and bytes as base64; format=json is exact");
    });
  }),

  once("sse", "a stream begins at once, with a time to come back after, and a cursor", async (context) => {
    await opened(context, { channels: [context.channel()] }, async (stream) => {
      assert.match(stream.headers.get("content-type") ?? "", /^text\/event-stream/);
      assert.match(stream.headers.get("cache-control") ?? "", /no-(?:cache|store)/);
      assert.equal(stream.headers.get("x-accel-buffering"), "no");
      assert.equal(stream.headers.get("content-encoding"), null);
      assert.ok((stream.parser.retryMs ?? 0) > 0, "no retry");
      assert.match(await stream.checkpoint(), /^[A-Za-z0-9._-]{1,128}$/);
    });
  }),

  once("sse", "the parameter last_event_id resumes, and the header wins over it", async (context) => {
    const channel = context.channel();
    const cursors = await context.publishEach(channel, [1, 2, 3]);
    const resume = String(cursors[0]);
    await opened(context, { channels: [channel], resume, resumeBy: "parameter" }, async (stream) => {
      assert.equal((await stream.block()).data, "2");
    });
    const query = { channels: channel, last_event_id: "x", format: "json" };
    const abort = new AbortController();
    const url = new URL(`/v1/sse?${new URLSearchParams(query)}`, context.target.nodes.next());
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${context.target.token}`, "last-event-id": String(cursors[1]) },
      signal: abort.signal,
    });
    let text = "";
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes as Uint8Array, { stream: true });
      if (text.includes("data:")) {
        break;
      }
    }
    abort.abort();
    assert.match(text, /"data":3/);
    assert.doesNotMatch(text, /tidegate\.reset/);
  }),

  once("sse", "a reset is an event, whose id is where the stream goes on", async (context) => {
    const channel = context.channel();
    await opened(context, { channels: [channel], resume: "zzzzzzz0-1" }, async (stream) => {
      const reset = await stream.block();
      assert.equal(reset.event, "tidegate.reset");
      assert.deepEqual(JSON.parse(reset.data ?? ""), { channel, reason: "epoch" });
      assert.match(reset.lastEventId, /^[A-Za-z0-9._-]{1,128}$/);
      assert.notEqual(reset.lastEventId, "zzzzzzz0-1");
    });
  }),
];
