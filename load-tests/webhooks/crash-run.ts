import { waitUntil } from "@tidegate/testkit";
import { type FlakySink, type SinkTally, startFlakySink } from "./flaky-sink.ts";
import { WebhookStack } from "./webhook-stack.ts";

export interface CrashRunOptions {
  /** Messages times endpoints. */
  readonly deliveries: number;
  readonly endpoints: number;
  /** Share of requests that endpoints answer with 500. */
  readonly fails: number;
  /** One message of so many is never taken by any endpoint, and has to end as a dead letter. */
  readonly refusedEvery: number;
  readonly onProgress: (what: string) => void;
  /** Ends the run, which then throws. */
  readonly signal: AbortSignal;
}

export interface CrashReport {
  readonly deliveries: number;
  /** Taken by their endpoint at least once. */
  readonly delivered: number;
  /** Taken once more than was needed. */
  readonly duplicates: number;
  readonly attempts: number;
  /** Messages that came under more than one id: none. */
  readonly severalIds: number;
  readonly deadLetters: number;
  readonly expectedDeadLetters: number;
  readonly seconds: number;
}

const PAUSES = "200ms,400ms,400ms,800ms,800ms,800ms,1s,1s,1s,1s";
const DEADLINE_MS = 600_000;
const PUBLISHERS = 64;

/** Publishes, kills the webhook process and then NATS with SIGKILL in the middle, and counts what arrives. */
export async function runCrash(options: CrashRunOptions): Promise<CrashReport> {
  const { fails, refusedEvery } = options;
  const sink = await startFlakySink(fails, (message) => message % refusedEvery === 0);
  try {
    const stack = await WebhookStack.start({
      TIDEGATE_WEBHOOKS_RETRY_PAUSES_MS: PAUSES,
      // In the end only what is never taken is left, and the breaker would hold it up for minutes.
      TIDEGATE_WEBHOOKS_BREAKER_FAILURES: "1000",
    });
    try {
      return await crashOn(stack, sink, options);
    } finally {
      await stack[Symbol.asyncDispose]();
    }
  } finally {
    await sink[Symbol.asyncDispose]();
  }
}

async function crashOn(
  stack: WebhookStack,
  sink: FlakySink,
  { deliveries, endpoints, refusedEvery, onProgress, signal }: CrashRunOptions,
): Promise<CrashReport> {
  const messages = Math.ceil(deliveries / endpoints);
  const refused = Math.ceil(messages / refusedEvery);
  const ids: string[] = [];
  for (let index = 0; index < endpoints; index += 1) {
    const config = { url: `${sink.url}/${index}`, channels: ["shop.>"], concurrency: 20 };
    ids.push((await stack.call<{ id: string }>("POST", "/endpoints", config)).id);
  }
  const expected = (messages - refused) * endpoints;
  const delivered = (): number => sink.tally().delivered.size;
  const began = performance.now();
  const publishing = publishAll(stack, messages);

  await waitUntil(() => delivered() >= expected * 0.3, { timeoutMs: DEADLINE_MS, signal });
  onProgress(`${delivered()} delivered: kill -9 of the webhook process`);
  await stack.killProcess();
  await stack.startProcess();
  await waitUntil(() => delivered() >= expected * 0.6, { timeoutMs: DEADLINE_MS, signal });
  onProgress(`${delivered()} delivered, ${duplicatesOf(sink.tally())} of them again: kill -9 of NATS`);
  await stack.nats.kill("SIGKILL");
  await stack.nats.restart();
  await publishing;
  await waitUntil(() => delivered() >= expected, {
    timeoutMs: DEADLINE_MS,
    signal,
    message: "all deliveries",
  });
  onProgress(
    `${delivered()} delivered, ${duplicatesOf(sink.tally())} of them again: waiting for dead letters`,
  );
  const letters = await waitUntil(
    async () => {
      let count = 0;
      for (const id of ids) count += await countDeadLetters(stack, id);
      return count >= refused * endpoints && count;
    },
    { timeoutMs: DEADLINE_MS, signal, intervalMs: 500, message: "dead letters" },
  );
  const tally = sink.tally();
  return {
    deliveries: messages * endpoints,
    delivered: tally.delivered.size,
    duplicates: duplicatesOf(tally),
    attempts: tally.attempts,
    severalIds: [...tally.ids.values()].filter(({ size }) => size > 1).length,
    deadLetters: letters,
    expectedDeadLetters: refused * endpoints,
    seconds: Math.round((performance.now() - began) / 100) / 10,
  };
}

function duplicatesOf({ delivered }: SinkTally): number {
  let received = 0;
  for (const times of delivered.values()) received += times;
  return received - delivered.size;
}

async function publishAll(stack: WebhookStack, messages: number): Promise<void> {
  let next = 0;
  const publisher = async (): Promise<void> => {
    while (next < messages) {
      const message = next;
      next += 1;
      await stack.publish(`shop.c${message % 10}`, String(message), `m${message}`);
    }
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
}

async function countDeadLetters(stack: WebhookStack, endpoint: string): Promise<number> {
  let count = 0;
  for (let after = "0"; ; ) {
    const page = await stack.call<{ deadLetters: unknown[]; next?: string }>(
      "GET",
      `/endpoints/${endpoint}/dead-letters?limit=200&after=${after}`,
    );
    count += page.deadLetters.length;
    if (page.next === undefined) return count;
    after = page.next;
  }
}
