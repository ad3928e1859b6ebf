import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "@tidegate/testkit";
import { startLocalSink } from "./local-sink.ts";
import { WebhookStack } from "./webhook-stack.ts";

export interface IsolationRunOptions {
  /** To the healthy endpoints together. */
  readonly deliveries: number;
  readonly healthy: number;
  readonly onProgress: (what: string) => void;
  /** Ends the run, which then throws. */
  readonly signal: AbortSignal;
}

export interface IsolationReport {
  readonly without: readonly Latency[];
  readonly withTwo: readonly Latency[];
  /** Median p99 with the two against median p99 without. */
  readonly ratio: number;
}

/** From the publish to the request, in milliseconds. */
interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

/** Messages a second to each endpoint, which has a channel of its own: samples that have nothing to do with each other. */
const RATE = 2;
const WARM_UP_ROUNDS = 5;
const DEADLINE_MS = 300_000;

/** Runs of each kind, taking turns: a machine that is busy with something else now is so for both. */
const ROUNDS = 5;

/** The same load again and again: to healthy endpoints alone, and with one that hangs and one that fails beside them. */
export async function runIsolation(options: IsolationRunOptions): Promise<IsolationReport> {
  const without: Latency[] = [];
  const withTwo: Latency[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [runs, name] of [
      [without, "without"],
      [withTwo, "with the two"],
    ] as const) {
      const latency = await measure(options, runs === withTwo);
      runs.push(latency);
      options.onProgress(`${name}: p99 ${latency.p99} ms`);
    }
  }
  return { without, withTwo, ratio: Math.round((medianOf(withTwo) / medianOf(without)) * 100) / 100 };
}

function channelOf(path: string): string {
  return `shop.${path.slice(1).replaceAll("/", ".")}`;
}

function medianOf(runs: readonly Latency[]): number {
  const sorted = runs.map(({ p99 }) => p99).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function measure(
  { deliveries, healthy, signal }: IsolationRunOptions,
  withTwo: boolean,
): Promise<Latency> {
  const latencies: number[] = [];
  const sink = await startLocalSink((delivery) => {
    if (delivery.path === "/hangs") return undefined;
    if (delivery.path === "/fails") return 500;
    latencies.push(performance.now() - Number(delivery.text()));
    return 204;
  });
  const stack = await WebhookStack.start({});
  try {
    const paths = Array.from({ length: healthy }, (_, index) => `/healthy/${index}`);
    for (const path of withTwo ? ["/hangs", "/fails", ...paths] : paths) {
      await stack.call("POST", "/endpoints", {
        url: `${sink.url}${path}`,
        channels: [channelOf(path)],
      });
    }
    const all = withTwo ? ["/hangs", "/fails", ...paths] : paths;
    const publishRound = async (round: number): Promise<void> => {
      const began = performance.now();
      for (const [index, path] of all.entries()) {
        const due = (index / all.length) * (1_000 / RATE) - (performance.now() - began);
        if (due > 0) await delay(due, undefined, { signal });
        void stack.publish(channelOf(path), String(performance.now()), `${path}:${round}`);
      }
    };
    // Connections and code are warm before it counts, and the two have shown what they are.
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) await publishRound(round);
    await waitUntil(() => latencies.length >= WARM_UP_ROUNDS * healthy, { timeoutMs: DEADLINE_MS, signal });
    latencies.length = 0;
    const rounds = Math.ceil(deliveries / healthy);
    const began = performance.now();
    for (let round = 0; round < rounds; round += 1) await publishRound(WARM_UP_ROUNDS + round);
    await waitUntil(() => latencies.length >= rounds * healthy, { timeoutMs: DEADLINE_MS, signal });
    const seconds = (performance.now() - began) / 1_000;
    latencies.sort((left, right) => left - right);
    const at = (share: number): number =>
      Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 100) / 100;
    return { p50: at(0.5), p99: at(0.99), perSecond: Math.round(latencies.length / seconds) };
  } finally {
    await stack[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
  }
}
