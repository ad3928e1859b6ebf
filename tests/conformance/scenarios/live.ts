import { strict as assert } from "node:assert";
import { setTimeout as delay } from "node:timers/promises";
import { type Context, receiveNothing, refused } from "../context.ts";
import { once, onEveryTransport, type Scenario } from "../scenario.ts";
import type { Target } from "../target.ts";
import { connectWebSocket } from "../transports/websocket.ts";

const needsLive = ({ livePrefix }: Target): string | undefined =>
  livePrefix === undefined ? "--live-prefix" : undefined;

/** Publishes again and again until somebody listens: a live channel keeps nothing for who comes a moment later. */
async function publishUntil(context: Context, channel: string, done: Promise<unknown>): Promise<void> {
  let isDone = false;
  const settled = done.then(
    () => {
      isDone = true;
    },
    () => {
      isDone = true;
    },
  );
  for (let count = 1; !isDone; count += 1) {
    await context.publish(channel, { data: count });
    await Promise.race([settled, delay(100)]);
  }
}

export const LIVE: readonly Scenario[] = [
  onEveryTransport(
    "live channels deliver what is published while somebody listens",
    async (context) => {
      const channel = context.channel("a", context.target.livePrefix);
      if (context.transport.name === "short polling") {
        const stream = await context.subscribe([channel]);
        await context.publish(channel, { data: 1 });
        await receiveNothing(stream);
        context.differs("nobody listens between short polls: live channels bring nothing");
        return;
      }
      const stream = await context.open(context.transport, { channels: [channel], live: true });
      const first = stream.next();
      await publishUntil(context, channel, first);
      const arrival = await first;
      assert.equal(arrival.kind, "message");
      if (arrival.kind === "message") {
        assert.equal(typeof arrival.message.data, "number");
        assert.equal(arrival.message.cursor, undefined);
      }
      assert.equal(stream.position().size, 0, "a live channel has no position");
      if (context.transport.name === "long polling") {
        context.differs("what is published between two polls of a live channel is not delivered");
      }
    },
    needsLive,
  ),

  onEveryTransport(
    "live and replayable channels go together, and the cursor is about the latter",
    async (context) => {
      const live = context.channel("a", context.target.livePrefix);
      const kept = context.channel("b");
      const stream = await context.subscribe([live, kept]);
      await context.publish(kept, { data: "kept" });
      const arrival = await stream.next();
      assert.deepEqual(
        [arrival.kind, arrival.kind === "message" && arrival.message.channel],
        ["message", kept],
      );
      const checkpoint = await stream.checkpoint();
      await stream.close();
      await context.publish(kept, { data: "missed" });
      const resumed = await context.subscribe([kept], checkpoint);
      const missed = await resumed.next();
      assert.equal(missed.kind === "message" && missed.message.data, "missed");
    },
    needsLive,
  ),

  once(
    "WebSocket and HTTP",
    "a live channel cannot be resumed, replayed or paged through",
    async (context) => {
      const channel = context.channel("a", context.target.livePrefix);
      const [since] = await context.publishEach(context.channel("b"), [1]);
      const { session } = await connectWebSocket(context.target.nodes, context.target.token);
      try {
        await refused(() => session.ask({ type: "subscribe", channel, since }), "not_replayable");
        await refused(() => session.ask({ type: "subscribe", channel, replay: 1 }), "not_replayable");
        await refused(() => session.ask({ type: "history", channel }), "not_replayable");
      } finally {
        await session.close();
      }
      const page = await context.http(`/v1/history/${channel}`);
      assert.equal(page.status, 400);
      assert.equal((JSON.parse(page.text) as { readonly code: string }).code, "not_replayable");
      const published = await context.publish(channel, { data: 1 });
      assert.equal(published["cursor"], undefined);
    },
    needsLive,
  ),
];
