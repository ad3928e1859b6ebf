import type { BenchServer } from "./bench-server.ts";
import { cpuSecondsOf } from "./cpu-time.ts";
import { procReadings } from "./proc-readings.ts";
import type { ProcessReadings } from "./process-readings.ts";

/** The difference between two moments in a server's life, and what the clients' side used meanwhile. */
export interface Span {
  readonly before: ProcessReadings;
  readonly after: ProcessReadings;
  readonly seconds: number;
  readonly serverCpuMicros: number;
  /** Of a core. */
  readonly serverShare: number;
  /** Used by clients, publisher and NATS together, of the cores that they have. */
  readonly clientShare: number;
}

export interface Observed {
  readonly server: BenchServer;
  /** What works for the clients besides this process. */
  readonly pids: readonly number[];
  /** How many the clients' side has. */
  readonly clientCores: number;
}

/** Measures both sides while something is done. */
export async function observe(
  { server, pids, clientCores }: Observed,
  work: () => Promise<void>,
): Promise<Span> {
  const before = await server.readings();
  const cpuBefore = await cpuSecondsOf(server.pids);
  const clientsBefore = await clientSeconds(pids);
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const clientsAfter = await clientSeconds(pids);
  const cpuUsed = (await cpuSecondsOf(server.pids)) - cpuBefore;
  const after = await server.readings();
  // Not a Linux: then with what it takes to answer.
  const serverSeconds = Number.isNaN(cpuUsed) ? after.cpuSeconds - before.cpuSeconds : cpuUsed;
  return {
    before,
    after,
    seconds,
    serverCpuMicros: serverSeconds * 1e6,
    serverShare: serverSeconds / seconds,
    clientShare: (clientsAfter - clientsBefore) / seconds / clientCores,
  };
}

async function clientSeconds(pids: readonly number[]): Promise<number> {
  const own = process.cpuUsage();
  let seconds = (own.user + own.system) / 1e6;
  for (const pid of pids) {
    const { cpuSeconds } = await procReadings(pid);
    // Not a Linux: then only this process is known.
    seconds += Number.isNaN(cpuSeconds) ? 0 : cpuSeconds;
  }
  return seconds;
}
