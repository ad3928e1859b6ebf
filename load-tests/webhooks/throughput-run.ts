import { waitUntil } from "@tidegate/testkit";
import { procReadings } from "../bench/proc-readings.ts";
import { LoadTestError } from "../load-test-error.ts";
import { startLocalSink } from "./local-sink.ts";
import { WebhookStack } from "./webhook-stack.ts";

export interface ThroughputRunOptions {
  readonly deliveries: number;
  readonly endpoints: number;
  readonly payloadBytes: number;
  readonly onProgress: (what: string) => void;
  /** Ends the run, which then throws. */
  readonly signal: AbortSignal;
}

export interface ThroughputReport {
  readonly deliveries: number;
  readonly payloadBytes: number;
  /** Of the process that delivers; NATS and the endpoints have their own. */
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly coresUsed: number;
}

const WARM_UP_SHARE = 0.2;
/** Publishes that wait for the store at a time. */
const PUBLISHERS = 64;
const DEADLINE_MS = 300_000;
const POLL_MS = 10;

/** One process delivers a backlog of messages to local endpoints that answer at once, each message to all of them. */
export async function runThroughput(options: ThroughputRunOptions): Promise<ThroughputReport> {
  const { deliveries, endpoints, payloadBytes, onProgress, signal } = options;
  let received = 0;
  const sink = await startLocalSink(() => {
    received += 1;
    return 204;
  });
  const stack = await WebhookStack.start({});
  try {
    for (let index = 0; index < endpoints; index += 1) {
      await stack.call("POST", "/endpoints", {
        url: `${sink.url}/${index}`,
        channels: ["shop.>"],
        concurrency: 10,
      });
    }
    const all = Math.ceil(deliveries / endpoints);
    const warmUp = Math.ceil(all * WARM_UP_SHARE);
    await publish(stack, "warm", warmUp, payloadBytes);
    await waitUntil(() => received >= warmUp * endpoints, { timeoutMs: DEADLINE_MS, signal });
    onProgress(`${received} deliveries to warm up`);

    const pid = stack.pid;
    if (pid === undefined) throw new LoadTestError("server_failed", "the webhook process is gone");
    received = 0;
    const { cpuSeconds: before } = await procReadings(pid);
    const began = performance.now();
    const published = publish(stack, "order", all, payloadBytes);
    await waitUntil(() => received >= all * endpoints, {
      timeoutMs: DEADLINE_MS,
      intervalMs: POLL_MS,
      signal,
    });
    const seconds = (performance.now() - began) / 1_000;
    const cpuSeconds = (await procReadings(pid)).cpuSeconds - before;
    await published;
    return {
      deliveries: received,
      payloadBytes,
      perCpuSecond: Math.round(received / cpuSeconds),
      perSecond: Math.round(received / seconds),
      coresUsed: Math.round((100 * cpuSeconds) / seconds) / 100,
    };
  } finally {
    await stack[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
  }
}

async function publish(stack: WebhookStack, name: string, count: number, bytes: number): Promise<void> {
  let next = 0;
  const publisher = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      const head = `{"n":${number},"padding":"`;
      const payload = `${head}${"x".repeat(Math.max(0, bytes - head.length - 2))}"}`;
      await stack.publish("shop.orders", payload, `${name}:${number}`);
    }
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
}
