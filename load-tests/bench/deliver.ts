import { setTimeout as delay } from "node:timers/promises";
import { publishPaced } from "../swarm/publisher.ts";
import type { BenchRun } from "./bench-run.ts";
import type { ClientsReport } from "./clients/bench-clients.ts";
import { observe, type Span } from "./span.ts";
import { withTimeLimit } from "./time-limit.ts";

/** Messages at a rate. */
export interface DeliveryPlan {
  /** Connections that are open. */
  readonly clients: number;
  /** How many of them read; default all. */
  readonly reading?: number;
  /** Default: that of the options. */
  readonly payloadBytes?: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** How long to wait for what has not come when everything is published. */
  readonly graceMs: number;
}

export interface Delivery {
  readonly span: Span;
  readonly report: ClientsReport;
  /** How many were published. */
  readonly messages: number;
  /** Deliveries, if each client that reads gets each message of its channel. */
  readonly expected: number;
  /** The publisher took a tenth longer than the plan. */
  readonly publishedLate: boolean;
}

const POLL_MS = 20;
/** Beyond the plan and the grace something hangs. */
const LIMIT_MS = 240_000;
const LATE = 1.1;

/** Publishes and waits until everything has arrived, or nothing more does. */
export async function deliver(run: BenchRun, plan: DeliveryPlan): Promise<Delivery> {
  const { scenario, clients, nats, signal } = run;
  const count = Math.max(1, Math.round(plan.perSecond * plan.seconds));
  const expected = scenario.deliveries(count, plan.reading ?? plan.clients);
  const first = run.takeNumbers(count);
  await clients.begin(first);
  let report = await clients.report();
  let publishSeconds = 0;
  const limitMs = plan.seconds * 1000 + plan.graceMs + LIMIT_MS;
  const span = await withTimeLimit("publishing", limitMs, signal, (limited) =>
    observe(run.observed, async () => {
      publishSeconds = await publishPaced(
        nats,
        {
          count,
          perSecond: plan.perSecond,
          payloadBytes: plan.payloadBytes ?? run.options.payloadBytes,
          subjectOf: (message) => `${run.subjectPrefix}.${scenario.channelOfMessage(message, plan.clients)}`,
          sequenceOf: (message) => first + scenario.sequenceOf(message, plan.clients),
        },
        limited,
      );
      const deadline = performance.now() + plan.graceMs;
      do {
        await delay(POLL_MS, undefined, { signal: limited });
        report = await clients.report();
      } while (report.received < expected && performance.now() < deadline);
    }),
  );
  const publishedLate = publishSeconds > plan.seconds * LATE;
  return { span, report, messages: count, expected, publishedLate };
}
