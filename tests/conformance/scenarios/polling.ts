import { strict as assert } from "node:assert";
import { range } from "../context.ts";
import { once, type Scenario } from "../scenario.ts";
import { type PollAnswer, poll } from "../transports/polling.ts";
import type { Arrival } from "../transports/transport.ts";

function cursorsOf(arrivals: readonly Arrival[]): readonly unknown[] {
  return arrivals.map((arrival) => (arrival.kind === "message" ? arrival.message.cursor : arrival));
}

function dataOf(arrivals: readonly Arrival[]): readonly unknown[] {
  return arrivals.map((arrival) => (arrival.kind === "message" ? arrival.message.data : arrival));
}

export const POLLING: readonly Scenario[] = [
  once(
    "polling",
    "two polls with one cursor give the same messages, and newer ones behind them",
    async (context) => {
      const { nodes, token } = context.target;
      const channels = [context.channel("a"), context.channel("b")];
      const { cursor } = await poll(nodes, { channels, token });
      await context.publishEach(String(channels[0]), [1, 2]);
      await context.publishEach(String(channels[1]), [3]);
      // Nodes get a message a moment apart; once one has three, every one has them soon.
      const upTo = async (count: number): Promise<PollAnswer> => {
        for (;;) {
          const answer = await poll(nodes, { channels, token, cursor, timeoutMs: 1_000 });
          assert.deepEqual(dataOf(answer.arrivals), range(1, answer.arrivals.length));
          if (answer.arrivals.length >= count) {
            return answer;
          }
        }
      };
      const first = await upTo(3);
      for (let repetition = 0; repetition < 4; repetition += 1) {
        const again = await upTo(3);
        assert.deepEqual(cursorsOf(again.arrivals), cursorsOf(first.arrivals));
      }
      await context.publishEach(String(channels[0]), [4]);
      const third = await upTo(4);
      assert.deepEqual(cursorsOf(third.arrivals).slice(0, 3), cursorsOf(first.arrivals));
    },
  ),

  once("polling", "a limit cuts an answer, and its cursor goes on behind the cut", async (context) => {
    const { nodes, token } = context.target;
    const channels = [context.channel("a"), context.channel("b")];
    let { cursor } = await poll(nodes, { channels, token });
    for (const value of range(1, 9)) {
      await context.publishEach(String(channels[value % 2]), [value]);
    }
    const got: unknown[] = [];
    for (let answers = 0; got.length < 9; answers += 1) {
      assert.ok(answers < 9, "polls without messages");
      const answer = await poll(nodes, { channels, token, cursor, limit: 2 });
      assert.ok(answer.arrivals.length <= 2);
      got.push(...dataOf(answer.arrivals));
      cursor = answer.cursor;
    }
    assert.deepEqual(got, range(1, 9));
    assert.deepEqual((await poll(nodes, { channels, token, cursor })).arrivals, []);
  }),

  once("polling", "a poll waits for a message, and no longer", async (context) => {
    const { nodes, token } = context.target;
    const channels = [context.channel()];
    const { cursor } = await poll(nodes, { channels, token });
    const waiting = poll(nodes, { channels, token, cursor, timeoutMs: 20_000 });
    await context.publishEach(String(channels[0]), ["now"]);
    assert.deepEqual(dataOf((await waiting).arrivals), ["now"]);
  }),

  once("polling", "a poll that is given up loses nothing", async (context) => {
    const { nodes, token } = context.target;
    const [channel = ""] = [context.channel()];
    let { cursor } = await poll(nodes, { channels: [channel], token });
    for (let count = 1; count <= 5; count += 1) {
      const query = { channels: channel, cursor, timeout: "20000" };
      await assert.rejects(context.http("/v1/poll", { query, timeoutMs: 30 * count }));
      await context.publishEach(channel, [count]);
      const answer = await poll(nodes, { channels: [channel], token, cursor, timeoutMs: 10_000 });
      assert.deepEqual(dataOf(answer.arrivals), [count]);
      cursor = answer.cursor;
    }
  }),

  once(
    "polling",
    "an answer may be kept by its client alone, and is not sent twice to whom has it",
    async (context) => {
      const channels = context.channel();
      const [cursor] = await context.publishEach(channels, [1, 2]);
      const query = { channels, cursor, timeout: "0" };
      const first = await context.http("/v1/poll", { query });
      assert.equal(first.status, 200);
      assert.match(first.headers.get("cache-control") ?? "", /private/);
      assert.match(first.headers.get("vary") ?? "", /Authorization/i);
      const etag = first.headers.get("etag") ?? "";
      assert.match(etag, /^(?:W\/)?"[^"]+"$/);
      const again = await context.http("/v1/poll", { query, headers: { "if-none-match": etag } });
      assert.deepEqual([again.status, again.text], [304, ""]);
      await context.publishEach(channels, [3]);
      const newer = await context.http("/v1/poll", { query, headers: { "if-none-match": etag } });
      assert.equal(newer.status, 200);
      assert.notEqual(newer.headers.get("etag"), etag);
    },
  ),
];
