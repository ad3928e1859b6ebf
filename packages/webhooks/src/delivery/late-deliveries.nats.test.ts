import { startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, expect, it } from "vitest";
import { startSink } from "../../testing/sink.ts";
import { makeEndpoint, RETENTION, startEngine } from "../../testing/webhook-world.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";

const server = await startNats({ own: true });
afterAll(() => server.stop());

const ORDERINGS = ["none", "fifo"] as const;
const MINUTE_MS = 60_000;

/** Processes whose retries are over as soon as they have begun, with tasks that are older than that. */
async function startLate(prefix: string) {
  const running = await startEngine(server.url, {
    prefix,
    delivery: { retryPausesMs: [10], maxRetryAfterMs: 0 },
  });
  const { engine } = running;
  return {
    ...running,
    add: async (endpoint: Endpoint) => {
      engine.directory.observe(endpoint.id, await engine.store.create(endpoint));
    },
    queue: async ({ id: endpoint, ordering }: Endpoint, id: string, ageMs: number, attempt = 1) => {
      const since = Date.now() - ageMs;
      const channel = "shop.a";
      const payload = Buffer.from(id);
      const copy = { id, channel, event: undefined, time: since, payload, hops: 0 };
      const message = await engine.messages.store(copy, id);
      await engine.queue.add({ endpoint, id, channel, message, attempt, since, run: "" }, ordering);
    },
    lettersOf: async ({ id }: Endpoint) =>
      (await engine.deadLetters.list(id, { since: 0, after: 0, limit: 10 })).letters.map(
        ({ letter, payload }) => [
          letter.message,
          letter.reason,
          letter.attempts,
          String(Buffer.from(payload)),
        ],
      ),
  };
}

it.each(ORDERINGS)(
  "makes the attempts that are left, however late an outage has made them (%s)",
  async (ordering) => {
    await using sink = await startSink(({ headers }) => ({
      status: headers["tidegate-attempt"] === "1" ? 500 : 200,
    }));
    await using late = await startLate(`late-${ordering}`);
    const endpoint = makeEndpoint(sink.url, { ordering });
    await late.add(endpoint);
    await late.queue(endpoint, "untried", 10 * MINUTE_MS);
    await sink.arrived(2);
    expect(sink.received.map(({ headers }) => headers["tidegate-attempt"])).toEqual(["1", "2"]);
    await waitUntil(() => late.engine.held === 0);
    expect(await late.lettersOf(endpoint)).toEqual([]);
  },
);

it.each(ORDERINGS)(
  "keeps what an endpoint is not fit for, until its message would be lost (%s)",
  async (ordering) => {
    await using late = await startLate(`keep-${ordering}`);
    const endpoint = makeEndpoint("http://127.0.0.1:1", { ordering, paused: true });
    await late.add(endpoint);
    await late.queue(endpoint, "oldest", RETENTION.messagesMs - MINUTE_MS / 6);
    await waitUntil(async () => (await late.lettersOf(endpoint)).length === 1);
    await late.queue(endpoint, "untried", 10 * MINUTE_MS);
    await waitUntil(async () =>
      (await late.exposition.text()).includes('deferrals_total{reason="paused"} 1'),
    );
    expect(await late.lettersOf(endpoint)).toEqual([["oldest", "expired", 0, "oldest"]]);
  },
);

it("gives up what was tried when its retries are over and the endpoint is still not fit", async () => {
  await using late = await startLate("tried");
  const endpoint = makeEndpoint("http://127.0.0.1:1", { paused: true });
  await late.add(endpoint);
  await late.queue(endpoint, "tried", 10 * MINUTE_MS, 2);
  await waitUntil(async () => (await late.lettersOf(endpoint)).length === 1);
  expect(await late.lettersOf(endpoint)).toEqual([["tried", "expired", 1, "tried"]]);
});
