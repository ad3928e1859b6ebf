import { setTimeout as delay } from "node:timers/promises";
import type { BenchRun } from "./bench-run.ts";
import { openClients } from "./connect-phase.ts";
import { deliver } from "./deliver.ts";
import type { Measurement } from "./measurement.ts";
import { ENOUGH_DELIVERED, findMostDeliveries, type MostDeliveries } from "./most-deliveries.ts";

export interface SaturationPlan {
  /** Connections that are open. */
  readonly clients: number;
  /** Messages a second to begin with. */
  readonly firstRate: number;
  readonly what: string;
}

/** Messages a second at which the search begins where everybody has one channel. */
export const FIRST_RATE = 400;

const TRIAL_SECONDS = 1;
/** What has not come by then was not delivered in any useful sense. */
const GRACE_MS = 1_000;
/** A server has worked off what it was given too much of when it uses less than this of a core. */
const CALM_SHARE = 0.1;
const CALM_POLL_MS = 250;
const CALM_LIMIT_MS = 10_000;

/** Looks for the most that a server delivers. Connections are opened anew after each trial that was too much. */
export async function saturate(run: BenchRun, plan: SaturationPlan): Promise<MostDeliveries> {
  return await findMostDeliveries(async (rate) => {
    const { span, report, expected, publishedLate } = await deliver(run, {
      clients: plan.clients,
      perSecond: rate,
      seconds: TRIAL_SECONDS,
      graceMs: GRACE_MS,
    });
    const trial = {
      rate,
      deliveredShare: report.received / expected,
      deliveriesPerSecond: report.received / (report.spanMicros / 1e6),
      serverShare: span.serverShare,
      clientShare: span.clientShare,
      publishedLate,
    };
    run.onProgress(
      `${plan.what}: ${rate} messages/s, ${(100 * trial.deliveredShare).toFixed(1)} % of them delivered, ${(trial.deliveriesPerSecond / 1e6).toFixed(3)} M/s`,
    );
    if (trial.deliveredShare < ENOUGH_DELIVERED) {
      await run.clients.close(plan.clients);
      await calmDown(run);
      await openClients(run, plan.clients);
    }
    return trial;
  }, plan.firstRate);
}

/** What a search came to, of clients that take each message in a frame. */
export function mostFound(found: MostDeliveries | undefined): Partial<Measurement> {
  return {
    mostDeliveries: found?.best?.deliveriesPerSecond ?? Number.NaN,
    mostServerShare: found?.best?.serverShare ?? Number.NaN,
    mostClientShare: found?.best?.clientShare ?? Number.NaN,
  };
}

/** The same of clients that ask for joined messages. */
export function mostJoinedFound(found: MostDeliveries | undefined): Partial<Measurement> {
  return {
    mostBatched: found?.best?.deliveriesPerSecond ?? Number.NaN,
    mostBatchedServerShare: found?.best?.serverShare ?? Number.NaN,
    mostBatchedClientShare: found?.best?.clientShare ?? Number.NaN,
  };
}

/** Waits until the server has nothing left to do. */
export async function calmDown({ server, signal }: BenchRun): Promise<void> {
  const deadline = performance.now() + CALM_LIMIT_MS;
  let before = await server.readings();
  let share = 1;
  while (share > CALM_SHARE && performance.now() < deadline) {
    await delay(CALM_POLL_MS, undefined, { signal });
    const after = await server.readings();
    share = (after.cpuSeconds - before.cpuSeconds) / (CALM_POLL_MS / 1000);
    before = after;
  }
}
