import { setTimeout as delay } from "node:timers/promises";
import type { NatsConnection } from "@tidegate/testkit";
import type { ClientPlan } from "../swarm/client-plan.ts";
import { DeliveryLedger, type DeliveryReport } from "../swarm/delivery-ledger.ts";
import { publishPaced } from "../swarm/publisher.ts";
import { nowMicros, StampReader } from "../swarm/stamp.ts";
import { Swarm } from "../swarm/swarm.ts";
import type { BenchOptions } from "./bench-arguments.ts";
import type { BenchServer } from "./bench-server.ts";
import type { Measurement } from "./measurement.ts";
import type { ProcessReadings } from "./process-readings.ts";
import type { Scenario } from "./scenario.ts";
import { SUBJECT_PREFIX } from "./start-servers.ts";
import { withTimeLimit } from "./time-limit.ts";

export interface MeasureOptions {
  readonly server: BenchServer;
  readonly scenario: Scenario;
  readonly options: BenchOptions;
  /** As many as `options` has connections, those for the warm-up included. */
  readonly plans: readonly ClientPlan[];
  readonly nats: NatsConnection;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

/** Whoever has not been served by then never will be. */
const CONNECT_LIMIT_MS = 120_000;
const DELIVERY_LIMIT_MS = 15_000;
/** After a storm: timers of the young generation, freed pages. */
const REST_MS = 2_000;
/** Messages before those that are measured, so that the code that delivers is compiled. */
const DELIVERY_WARM_UP_SECONDS = 1;

/** The difference between two moments in a server's life, and what this process used meanwhile. */
interface Span {
  readonly before: ProcessReadings;
  readonly after: ProcessReadings;
  readonly seconds: number;
  readonly serverCpuMicros: number;
  /** Share of a core. */
  readonly clientShare: number;
}

/**
 * Takes a fresh server through all phases. The warm-up's connections stay open, so that neither closing them nor memory
 * that they would leave behind is part of any figure.
 *
 * @throws LoadTestError; the reason of the signal.
 */
export async function measureServer(measure: MeasureOptions): Promise<Measurement> {
  const swarm = new Swarm(measure.server.port);
  try {
    return await runPhases(measure, swarm);
  } finally {
    swarm.close();
  }
}

async function runPhases(measure: MeasureOptions, swarm: Swarm): Promise<Measurement> {
  const { server, options, plans, signal, onProgress } = measure;
  const { connections, warmUp, inFlight, idleSeconds, seconds } = options;
  const open = (some: readonly ClientPlan[]): Promise<Span> =>
    withTimeLimit("connecting", CONNECT_LIMIT_MS, signal, (limited) =>
      observe(server, () => swarm.open(some, { inFlight, signal: limited })),
    );

  onProgress(`warm-up with ${warmUp} connections`);
  const cold = await open(plans.slice(0, warmUp));
  await rest(REST_MS, signal);
  await server.collectGarbage();

  onProgress(`storm of ${connections} connections`);
  const storm = await open(plans.slice(warmUp));
  await rest(REST_MS, signal);
  const settled = await server.readings();

  onProgress(`idle for ${idleSeconds} s`);
  const idle = await observe(server, () => rest(idleSeconds * 1000, signal));
  await server.collectGarbage();
  const collected = await server.readings();

  onProgress(`messages for ${seconds} s`);
  await deliver(measure, swarm, DELIVERY_WARM_UP_SECONDS);
  const { span, report } = await deliver(measure, swarm, seconds);

  const perConnection = (after: ProcessReadings, figure: "residentBytes" | "heapUsedBytes"): number =>
    (after[figure] - storm.before[figure]) / connections / 1024;
  return {
    coldConnectMicros: warmUp === 0 ? Number.NaN : cold.serverCpuMicros / warmUp,
    connectMicros: storm.serverCpuMicros / connections,
    connectsPerSecond: connections / storm.seconds,
    connectServerShare: storm.serverCpuMicros / 1e6 / storm.seconds,
    connectClientShare: storm.clientShare,
    stormLagP99Ms: storm.after.lagP99Seconds * 1000,
    stormLagMaxMs: storm.after.lagMaxSeconds * 1000,
    residentKib: perConnection(settled, "residentBytes"),
    collectedKib: perConnection(collected, "residentBytes"),
    heapKib: perConnection(collected, "heapUsedBytes"),
    idleLagP50Ms: idle.after.lagP50Seconds * 1000,
    idleLagMaxMs: idle.after.lagMaxSeconds * 1000,
    idleCpuPercent: idle.serverCpuMicros / idle.seconds / 1e4,
    deliveriesPerSecond: report.received / span.seconds,
    lost: report.lost,
    repeated: report.repeated,
    p50Ms: report.p50Micros / 1000,
    p99Ms: report.p99Micros / 1000,
    deliveryMicros: span.serverCpuMicros / report.received,
    deliveryClientShare: span.clientShare,
  };
}

/** Publishes for some seconds and waits until everything has arrived, or nothing more does. */
async function deliver(
  { server, scenario, options, nats, signal }: MeasureOptions,
  swarm: Swarm,
  seconds: number,
): Promise<{ readonly span: Span; readonly report: DeliveryReport }> {
  const clients = swarm.size;
  const perSecond = scenario.name === "shared" ? options.rate : options.ownRate;
  const count = perSecond * seconds;
  const ledger = new DeliveryLedger(
    Array.from({ length: clients }, (_, client) => scenario.expectedBy(client, clients, count)),
  );
  const stamp = new StampReader();
  swarm.deliverTo((client, bytes, start, end) => {
    // What has no stamp is a ping message.
    if (stamp.read(bytes, start, end)) {
      ledger.record(client, stamp.sequence, nowMicros() - stamp.micros);
    }
  });
  const limitMs = seconds * 1000 + DELIVERY_LIMIT_MS;
  const span = await withTimeLimit("publishing", limitMs, signal, (limited) =>
    observe(server, async () => {
      const plan = {
        count,
        perSecond,
        payloadBytes: options.payloadBytes,
        subjectOf: (message: number) => `${SUBJECT_PREFIX}.${scenario.channelOfMessage(message, clients)}`,
        sequenceOf: (message: number) => scenario.sequenceOf(message, clients),
      };
      await swarm.orFailure(publishPaced(nats, plan, limited));
      const gaveUp = new AbortController();
      const late = delay(DELIVERY_LIMIT_MS, undefined, { signal: gaveUp.signal }).catch(() => {});
      await swarm.orFailure(Promise.race([ledger.complete, late]));
      gaveUp.abort();
    }),
  );
  return { span, report: ledger.report() };
}

async function observe(server: BenchServer, work: () => Promise<void>): Promise<Span> {
  const before = await server.readings();
  const ownBefore = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const own = process.cpuUsage(ownBefore);
  const after = await server.readings();
  return {
    before,
    after,
    seconds,
    serverCpuMicros: (after.cpuSeconds - before.cpuSeconds) * 1e6,
    clientShare: (own.user + own.system) / 1e6 / seconds,
  };
}

async function rest(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal });
}
