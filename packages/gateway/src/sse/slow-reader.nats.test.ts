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

/** So large that the buffers of two kernels are soon full. */
const LARGE = "x".repeat(8_000);
const SMALL = "x".repeat(400);
/** More than a node keeps in memory, and than it replays at once. */
const BEHIND = 5_500;
const LAGGING = 'tidegate_connections_lagging{transport="sse"}';

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
      let published = 0;
      const publish = async (count: number, filler: string): Promise<void> => {
        for (const last = published + count; published < last; ) {
          const batch = Array.from({ length: 100 }, (_, index) => published + index);
          published += batch.length;
          await Promise.all(
            batch.map((number) =>
              node.store(channels[number % channels.length] ?? "", `${number} ${filler}`),
            ),
          );
        }
      };
      while ((await node.metric(LAGGING)) === 0) {
        await publish(100, LARGE);
      }
      await publish(BEHIND, SMALL);
      stream.resume();
      await publish(100, SMALL);
      await waitUntil(() => stream.events.length >= published || stream.isComplete, {
        message: "everything",
        timeoutMs: 30_000,
      });
      expect(stream.events.filter(({ type }) => type !== "message")).toStrictEqual([]);
      const numbers = stream.events.map(({ data }) => Number.parseInt(data, 10));
      expect(numbers).toHaveLength(published);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(sum(numbers)).toBe((published * (published - 1)) / 2);
      const ids = stream.events.map(({ lastEventId }) =>
        Number.parseInt(lastEventId.split("-")[1] ?? "", 36),
      );
      expect(ids.every((id, index) => id > (ids[index - 1] ?? 0))).toBe(true);
      await waitUntil(async () => (await node.metric(LAGGING)) === 0);
      expect(await node.metric(caughtUp)).toBeGreaterThan(caughtUpBefore);
      expect(await node.metric('tidegate_closes_total{code="slow_consumer"}')).toBe(0);
    },
    60_000,
  );
});
