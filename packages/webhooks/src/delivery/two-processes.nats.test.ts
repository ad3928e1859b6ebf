import { startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, expect, it } from "vitest";
import { type Received, startSink } from "../../testing/sink.ts";
import { makeEndpoint, startBackend, startEngine } from "../../testing/webhook-world.ts";
import { FIFO_LANES } from "../webhook-names.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

const CHANNELS = ["a", "b", "c", "d", "e"];
type Engine = Awaited<ReturnType<typeof startEngine>>;

async function attemptsOf({ exposition }: Engine): Promise<number> {
  const lines = (await exposition.text()).split("\n");
  const counts = lines.filter((line) => line.startsWith("tidegate_webhook_attempts_total{"));
  return counts.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

/** The numbers of a channel's messages, each where it first came and where it was taken at last. */
function numbersOf(received: readonly Received[], path: string, channel: string): readonly number[] {
  return received
    .filter((one) => one.path === path && one.headers["tidegate-channel"] === `shop.${channel}`)
    .map(({ body }) => Number(body));
}

/** Two processes, and two endpoints of which the ordered one fails every seventh message once. */
async function twoProcesses(prefix: string) {
  const failed = new Set<string>();
  const sink = await startSink(({ path, body, headers }) => {
    const key = `${headers["tidegate-channel"]}:${body}`;
    if (path !== "/ordered" || Number(body) % 7 !== 3 || failed.has(key)) return { status: 200 };
    failed.add(key);
    return { status: 500 };
  });
  const backend = await startBackend(server.url, prefix);
  const options = { prefix, delivery: { retryPausesMs: Array.from({ length: 10 }, () => 20) } };
  const first = await startEngine(server.url, options);
  for (const [path, ordering] of [
    ["/any", "none"],
    ["/ordered", "fifo"],
  ] as const) {
    await first.engine.store.create(makeEndpoint(`${sink.url}${path}`, { ordering }));
  }
  const second = await startEngine(server.url, options);
  await waitUntil(() => first.engine.directory.size === 2);
  return {
    sink,
    backend,
    first,
    second,
    publish: async (from: number, to: number) => {
      for (let number = from; number < to; number += 1) {
        await Promise.all(CHANNELS.map((channel) => backend.publish(`shop.${channel}`, String(number))));
      }
    },
    /** How many different messages have come to a path. */
    distinct: (path: string) =>
      new Set(sink.received.filter((one) => one.path === path).map(({ id }) => id)).size,
    [Symbol.asyncDispose]: async () => {
      await second[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
      await sink[Symbol.asyncDispose]();
    },
  };
}

it("shares the work between processes: everything once, and the channels of ordered endpoints in order", async () => {
  await using pair = await twoProcesses("share");
  const { sink, first, second } = pair;
  await using _ = first;
  await pair.publish(0, 40);
  await waitUntil(() => pair.distinct("/any") === 200 && pair.distinct("/ordered") === 200);
  await waitUntil(() => first.engine.held + second.engine.held === 0);
  const expected = Array.from({ length: 40 }, (_, number) =>
    number % 7 === 3 ? [number, number] : [number],
  ).flat();
  for (const channel of CHANNELS) {
    expect(numbersOf(sink.received, "/ordered", channel)).toEqual(expected);
    expect(numbersOf(sink.received, "/any", channel)).toHaveLength(40);
  }
  const shares = [await attemptsOf(first), await attemptsOf(second)];
  expect(Math.min(...shares)).toBeGreaterThan(40);
  expect(shares.reduce((sum, share) => sum + share)).toBe(sink.received.length);
});

it("takes over from a process that is killed: nothing lost, order kept, and twice only what was under way", async () => {
  await using pair = await twoProcesses("kill");
  const { sink, first, second } = pair;
  const publishing = pair.publish(0, 60);
  // It was there first, so it is also the one that turns messages into deliveries.
  await waitUntil(() => pair.distinct("/any") >= 60 && pair.distinct("/ordered") >= 20);
  await first.kill();
  await publishing;
  await waitUntil(() => pair.distinct("/any") === 300 && pair.distinct("/ordered") === 300, {
    timeoutMs: 40_000,
  });
  await waitUntil(() => second.engine.held === 0);
  for (const channel of CHANNELS) {
    const numbers = numbersOf(sink.received, "/ordered", channel);
    // Repetitions stand next to each other: nothing behind a message goes out before it has been taken.
    expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
  }
  const deliveries = sink.received.length - 5 * [...Array(60).keys()].filter((one) => one % 7 === 3).length;
  // Its four attempts at a time, and one for each lane that keeps order; on this side of their records in the log.
  expect(deliveries - 600).toBeLessThanOrEqual(4 + FIFO_LANES);
  expect(await attemptsOf(second)).toBeGreaterThan(0);
});
