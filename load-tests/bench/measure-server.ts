import type { BenchRun } from "./bench-run.ts";
import { measureConnecting, openClients } from "./connect-phase.ts";
import { type Delivery, type DeliveryPlan, deliver } from "./deliver.ts";
import { completeMeasurement, type Measurement } from "./measurement.ts";
import type { MostDeliveries } from "./most-deliveries.ts";
import { calmDown, FIRST_RATE, mostFound, mostJoinedFound, saturate } from "./saturation-phase.ts";

/** Messages before those that are measured, so that the code that delivers is compiled. */
const WARM_UP_SECONDS = 1;
const GRACE_MS = 5_000;
/** Messages a second at which the search for the most begins where each channel has one subscriber. */
const FIRST_OWN_RATE = 20_000;

/** Prepares clients that ask for joined messages, in the place of those of the run. */
export type PrepareBatching = () => Promise<BenchRun>;

/**
 * Takes a fresh server through all phases of a scenario.
 *
 * @param saturates the clients are fast enough for phases whose figures are about the most that a server can do
 * @param prepareBatching `undefined`: the server does not join messages
 * @throws LoadTestError; the reason of the signal.
 */
export async function measureServer(
  run: BenchRun,
  saturates: boolean,
  prepareBatching: PrepareBatching | undefined,
): Promise<Measurement> {
  const connecting = await measureConnecting(run);
  const figures =
    run.scenario.name === "own"
      ? await measureOwn(run, saturates)
      : await measureFanOut(run, saturates, prepareBatching);
  return completeMeasurement({ ...connecting, ...figures });
}

async function measureFanOut(
  run: BenchRun,
  saturates: boolean,
  prepareBatching: PrepareBatching | undefined,
): Promise<Partial<Measurement>> {
  const { options, clients } = run;
  const { few, many, seconds } = options;

  await keepClients(run, many);
  const toMany = await measured(run, { clients: many, perSecond: options.manyRate });
  await clients.close(many - few);
  await calmDown(run);
  const toFew = await measured(run, { clients: few, perSecond: options.fewRate });
  run.onProgress(`${options.latencyRate}/s to ${few} clients for ${seconds} s`);
  const busy = await deliver(run, {
    clients: few,
    perSecond: options.latencyRate,
    seconds,
    graceMs: GRACE_MS,
  });
  const keptUp = busy.report.received >= busy.expected;
  await reopen(run, few, keptUp);

  let plain: MostDeliveries | undefined;
  let batched: MostDeliveries | undefined;
  if (saturates) {
    plain = await saturate(run, { clients: few, firstRate: FIRST_RATE, what: "most deliveries" });
    await clients.close(few);
    await calmDown(run);
    const batching = await prepareBatching?.();
    if (batching !== undefined) {
      await openClients(batching, few);
      batched = await saturate(batching, { clients: few, firstRate: FIRST_RATE, what: "most, joined" });
    }
  }
  return {
    manyDeliveryMicros: microsOf(toMany),
    fewDeliveryMicros: microsOf(toFew),
    ...latencies(busy),
    ...mostFound(plain),
    ...mostJoinedFound(batched),
    ...mistakes([toMany, toFew]),
  };
}

async function measureOwn(run: BenchRun, saturates: boolean): Promise<Partial<Measurement>> {
  const { options } = run;
  const { many } = options;
  await keepClients(run, many);
  const low = await measured(run, { clients: many, perSecond: options.ownRate });
  const plain = saturates
    ? await saturate(run, { clients: many, firstRate: FIRST_OWN_RATE, what: "most deliveries" })
    : undefined;
  return { manyDeliveryMicros: microsOf(low), ...latencies(low), ...mostFound(plain), ...mistakes([low]) };
}

/** Closes what is more than `stay` of all. */
async function keepClients(run: BenchRun, stay: number): Promise<void> {
  const { warmUp, connections } = run.options;
  if (stay < warmUp + connections) {
    await run.clients.close(warmUp + connections - stay);
    await calmDown(run);
  }
}

/** At a low rate, after a warm-up. */
async function measured(run: BenchRun, plan: Pick<DeliveryPlan, "clients" | "perSecond">): Promise<Delivery> {
  const { seconds } = run.options;
  run.onProgress(`${plan.perSecond}/s to ${plan.clients} clients for ${seconds} s`);
  await deliver(run, { ...plan, seconds: WARM_UP_SECONDS, graceMs: GRACE_MS });
  return await deliver(run, { ...plan, seconds, graceMs: GRACE_MS });
}

/** What a server could not deliver would fall into the next phase. */
async function reopen(run: BenchRun, count: number, keptUp: boolean): Promise<void> {
  if (!keptUp) {
    await run.clients.close(count);
    await calmDown(run);
    await openClients(run, count);
  }
}

/** CPU of the server for one delivery. */
export function microsOf({ span, report }: Delivery): number {
  return span.serverCpuMicros / report.received;
}

/** None where a server did not keep up: they would be those of the messages that it did deliver. */
export function latencies({ report, expected, span }: Delivery): Partial<Measurement> {
  const keptUp = report.received >= expected;
  const ms = (micros: number): number => (keptUp ? micros / 1000 : Number.NaN);
  return {
    p50Ms: ms(report.p50Micros),
    p99Ms: ms(report.p99Micros),
    p999Ms: ms(report.p999Micros),
    latencyServerShare: span.serverShare,
    latencyClientShare: span.clientShare,
  };
}

/** What went wrong where nothing may. */
export function mistakes(deliveries: readonly Delivery[]): Partial<Measurement> {
  const sum = (of: (delivery: Delivery) => number): number =>
    deliveries.reduce((total, delivery) => total + of(delivery), 0);
  return {
    lost: sum(({ expected, report }) => Math.max(0, expected - report.received)),
    repeated: sum(({ report }) => report.repeated),
  };
}
