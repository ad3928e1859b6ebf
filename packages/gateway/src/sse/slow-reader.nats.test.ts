import { waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { StallingEventStream } from "../../testing/http-client.ts";
import { REPLAY_GRANTS } from "../../testing/replay-nodes.ts";
import { startNode, userToken } from "../../testing/running-node.ts";

const node = await startNode({
  limits: { outboxBytes: "256KiB" },
  ping: { intervalMs: "60s", pongTimeoutMs: "60s" },
  namespaces: { room: { history: { messagesPerChannel: 20_000, replicas: 1 } } },
});
afterAll(() => node[Symbol.asyncDispose]());

const FILLER = "x".repeat(1_500);
/** More than the kernels and the outbox take, behind which more come than a node keeps in memory or replays at once. */
const COUNT = 9_000;
const MORE = 50;

const SENT = "tidegate_messages_out_total";

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

describe("an event stream whose client stalls", () => {
  it.each([
    ["one channel", ["room.a"], "room.a"],
    ["several channels", ["room.b", "room.c"], "room.b,room.c"],
    ["a pattern beside a channel", ["room.d.x", "room.e"], "room.d.*,room.e"],
  ])(
    "is caught up in place, thousands of messages later: %s",
    async (_what, channels, names) => {
      const token = await userToken({ grants: REPLAY_GRANTS });
      const headers = { authorization: `Bearer ${token}` };
      const caughtUp = 'tidegate_catch_ups_total{outcome="stream"}';
      const caughtUpBefore = await node.metric(caughtUp);
      await using stream = await StallingEventStream.open(
        node.gateway.port,
        `/v1/sse?channels=${names}`,
        headers,
      );
      await waitUntil(() => stream.parser.lastEventId !== "", { message: "the first id" });
      stream.pause();
      const sentBefore = await node.metric(SENT);
      let published = 0;
      const publish = async (count: number): Promise<void> => {
        for (const last = published + count; published < last; ) {
          const batch = Math.min(100, last - published);
          const from = published;
          published += batch;
          await Promise.all(
            Array.from({ length: batch }, (_, index) => {
              const number = from + index;
              return node.store(channels[number % channels.length] ?? "", `${number} ${FILLER}`);
            }),
          );
        }
      };
      await publish(COUNT);
      expect(await node.metric('tidegate_connections_lagging{transport="sse"}')).toBe(1);
      const behind = COUNT - ((await node.metric(SENT)) - sentBefore);
      stream.resume();
      await publish(MORE);
      await waitUntil(() => stream.events.length >= COUNT + MORE || stream.isComplete, {
        message: "everything",
        timeoutMs: 30_000,
      });
      expect(behind).toBeGreaterThan(5_000);
      expect(stream.events.filter(({ type }) => type !== "message")).toStrictEqual([]);
      const numbers = stream.events.map(({ data }) => Number.parseInt(data, 10));
      expect(numbers).toHaveLength(COUNT + MORE);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(sum(numbers)).toBe((published * (published - 1)) / 2);
      const ids = stream.events.map(({ lastEventId }) =>
        Number.parseInt(lastEventId.split("-")[1] ?? "", 36),
      );
      expect(ids.every((id, index) => id > (ids[index - 1] ?? 0))).toBe(true);
      await waitUntil(async () => (await node.metric('tidegate_connections_lagging{transport="sse"}')) === 0);
      expect(await node.metric(caughtUp)).toBeGreaterThan(caughtUpBefore);
      expect(await node.metric('tidegate_closes_total{code="slow_consumer"}')).toBe(0);
    },
    60_000,
  );
});
