import { waitUntil } from "@tidegate/testkit";
import { expect, it } from "vitest";
import { startReceiver } from "./receiver.ts";
import { WebhookProcesses } from "./webhook-process.ts";

const MESSAGES = 60;
const CONCURRENCY = 8;
const PATIENCE = { timeoutMs: 40_000 };

/** Lets NATS take a silent process for dead sooner, so that nobody waits for half a minute. */
async function hurryTakeover({ backend }: WebhookProcesses): Promise<void> {
  const consumers = "$JS.API.CONSUMER";
  for (let shard = 0; shard < 4; shard += 1) {
    const name = `rtwh_queue.dispatch_${shard}`;
    const info = await backend.request(`${consumers}.INFO.${name}`, "");
    const config = { ...info.json<{ config: object }>().config, ack_wait: 1_000_000_000 };
    const update = { stream_name: "rtwh_queue", config, action: "update" };
    const reply = await backend.request(`${consumers}.DURABLE.CREATE.${name}`, JSON.stringify(update));
    expect(reply.json<{ error?: unknown }>().error).toBeUndefined();
  }
}

it("ends at the deadline with 1 if NATS is away at SIGTERM, and another process delivers what it leaves", async () => {
  await using receiver = await startReceiver();
  await using processes = await WebhookProcesses.open();
  const settings = { TIDEGATE_WEBHOOKS_TIMEOUT_MS: "2s", TIDEGATE_DRAIN_DEADLINE_MS: "3s" };
  const first = await processes.start(settings);
  await first.createEndpoint({ url: `${receiver.url}/held`, channels: ["shop.>"], concurrency: CONCURRENCY });
  const numbers = Array.from({ length: MESSAGES }, (_, number) => String(number));
  for (const number of numbers) await processes.publish("shop.a", number);
  await waitUntil(() => receiver.of("/held").length === CONCURRENCY);

  await processes.server.kill();
  first.process.signal("SIGTERM");
  // The attempts end well, and there is nobody to tell.
  receiver.release();
  expect(await first.process.exited).toStrictEqual({ code: 1, signal: null });
  const late = await first.process.waitForLine("did not drain before the deadline");
  expect(JSON.parse(late)).toMatchObject({ drainDeadlineMs: 3_000 });
  expect((JSON.parse(late) as { deliveries: number }).deliveries).toBeGreaterThanOrEqual(CONCURRENCY);

  await processes.server.restart();
  await processes.start(settings);
  await hurryTakeover(processes);
  await waitUntil(() => new Set(receiver.of("/held")).size === MESSAGES, PATIENCE);
  const received = receiver.of("/held");
  expect(new Set(received)).toEqual(new Set(numbers));
  // What was under way was done, and nobody knows: it comes a second time, and nothing else does.
  await waitUntil(() => receiver.of("/held").length >= MESSAGES + CONCURRENCY, PATIENCE);
  const counts = numbers.map((number) => receiver.of("/held").filter((body) => body === number).length);
  expect(counts.filter((count) => count === 2)).toHaveLength(CONCURRENCY);
  expect(counts.every((count) => count <= 2)).toBe(true);
});
