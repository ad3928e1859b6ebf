import { setTimeout as delay } from "node:timers/promises";
import type { BenchRun } from "./bench-run.ts";
import type { ClientsReport } from "./clients/bench-clients.ts";
import { openClients } from "./connect-phase.ts";
import { deliver } from "./deliver.ts";
import { completeMeasurement, type Measurement } from "./measurement.ts";

/** Large enough that those who do not read are soon over the gateway's limits: the kernel alone takes up to a megabyte for each. */
const PAYLOAD_BYTES = 4096;
const STALLED_SHARE = 0.1;
/** Times the phases of other scenarios, so that stalled clients go through all that a gateway does with them. */
const LONGER = 2;
const WARM_UP_SECONDS = 1;
/** A p99 is what the few worst of some hundred messages had: one pair in three is off by half, so a median needs many of them. */
const TIMES = 4;
const GRACE_MS = 5_000;
const POLL_MS = 20;
/** After so long without another message the rest is lost. */
const QUIET_MS = 10_000;

/**
 * What clients that stop reading do to those who read, and whether they miss anything when they read again, or come back
 * if they were thrown out meanwhile. Both are done several times in turn: the machine is not the same from one minute to the next.
 *
 * @returns one for each time.
 * @throws LoadTestError; the reason of the signal.
 */
export async function measureStall(run: BenchRun): Promise<readonly Measurement[]> {
  await openClients(run, run.options.few);
  await deliver(run, { ...planOf(run), seconds: WARM_UP_SECONDS });
  const found: Measurement[] = [];
  for (let time = 1; time <= TIMES; time += 1) {
    const onProgress = (what: string): void => run.onProgress(`${time} of ${TIMES}, ${what}`);
    found.push(await stallOnce({ ...run, onProgress }));
  }
  return found;
}

async function stallOnce(run: BenchRun): Promise<Measurement> {
  const { clients, options, scenario } = run;
  const { few, fewRate } = options;
  const stalled = Math.max(1, Math.round(few * STALLED_SHARE));
  const seconds = options.seconds * LONGER;
  const plan = { ...planOf(run), seconds };
  run.onProgress(`${fewRate}/s to ${few} clients for ${seconds} s`);
  const calm = await deliver(run, plan);

  run.onProgress(`the same while ${stalled} of them do not read`);
  await clients.stall(stalled);
  const stall = await deliver(run, { ...plan, reading: few - stalled });

  run.onProgress(`until these ${stalled} have everything`);
  const all = scenario.deliveries(stall.messages, few);
  const startedAt = performance.now();
  await clients.keep(options.inFlight);
  await clients.stall(0);
  const report = await untilAll(run, all);
  return completeMeasurement({
    calmP99Ms: calm.report.p99Micros / 1000,
    stalledP99Ms: stall.report.p99Micros / 1000,
    healthyLost: Math.max(0, stall.expected - stall.report.received),
    stalledLost: all - report.received,
    stalledResets: report.resets,
    stalledBackMs: report.received < all ? Number.NaN : performance.now() - startedAt,
    lost: Math.max(0, calm.expected - calm.report.received),
    repeated: report.repeated,
  });
}

function planOf({ options: { few, fewRate } }: BenchRun) {
  return { clients: few, perSecond: fewRate, graceMs: GRACE_MS, payloadBytes: PAYLOAD_BYTES };
}

async function untilAll({ clients, signal }: BenchRun, wanted: number): Promise<ClientsReport> {
  let report = await clients.report();
  let movedAt = performance.now();
  while (report.received < wanted && performance.now() - movedAt < QUIET_MS) {
    await delay(POLL_MS, undefined, { signal });
    const next = await clients.report();
    if (next.received > report.received) {
      movedAt = performance.now();
    }
    report = next;
  }
  return report;
}
