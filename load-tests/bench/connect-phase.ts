import { setTimeout as delay } from "node:timers/promises";
import type { BenchRun } from "./bench-run.ts";
import type { Measurement } from "./measurement.ts";
import type { ProcessReadings } from "./process-readings.ts";
import { observe, type Span } from "./span.ts";
import { withTimeLimit } from "./time-limit.ts";

/** Whoever has not been served by then never will be. */
const CONNECT_LIMIT_MS = 120_000;
/** After a storm: timers of the young generation, freed pages. */
const REST_MS = 2_000;

/**
 * Opens the warm-up's connections and then those that are measured. The first stay open, so that closing them is part of no
 * figure. Garbage is collected before the first and behind the last alone: collecting all of it drops compiled code, too, and
 * the storm is to meet a server that is warm. So memory is that of all, and what the server has loaded for them meanwhile.
 */
export async function measureConnecting(run: BenchRun): Promise<Partial<Measurement>> {
  const { server, options, signal, onProgress } = run;
  const { connections, warmUp, idleSeconds } = options;
  const all = warmUp + connections;

  await server.collectGarbage();
  const empty = await server.readings();
  onProgress(`warm-up with ${warmUp} connections`);
  const cold = await openClients(run, warmUp);
  await delay(REST_MS, undefined, { signal });

  onProgress(`storm of ${connections} connections`);
  const storm = await openClients(run, connections);
  await delay(REST_MS, undefined, { signal });
  const settled = await server.readings();

  onProgress(`idle for ${idleSeconds} s`);
  const idle = await observe(run.observed, () => delay(idleSeconds * 1000, undefined, { signal }));
  await server.collectGarbage();
  const collected = await server.readings();

  const perConnection = (after: ProcessReadings, figure: "residentBytes" | "heapUsedBytes"): number =>
    (after[figure] - empty[figure]) / all / 1024;
  return {
    coldConnectMicros: warmUp === 0 ? Number.NaN : cold.serverCpuMicros / warmUp,
    connectMicros: storm.serverCpuMicros / connections,
    connectsPerSecond: connections / storm.seconds,
    connectServerShare: storm.serverShare,
    connectClientShare: storm.clientShare,
    stormLagP99Ms: storm.after.lagP99Seconds * 1000,
    stormLagMaxMs: storm.after.lagMaxSeconds * 1000,
    residentKib: perConnection(settled, "residentBytes"),
    collectedKib: perConnection(collected, "residentBytes"),
    heapKib: perConnection(collected, "heapUsedBytes"),
    idleCpuPercent: idle.serverShare * 100,
  };
}

/** @throws LoadTestError `connect_failed` or `timeout`; the reason of the signal. */
export async function openClients(run: BenchRun, count: number): Promise<Span> {
  const { clients, options, signal } = run;
  return await withTimeLimit("connecting", CONNECT_LIMIT_MS, signal, (limited) =>
    observe(run.observed, () => clients.open(count, options.inFlight, limited)),
  );
}
