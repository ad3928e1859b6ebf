import type { ProcessReadings } from "./process-readings.ts";

/** A server under test, in a process of its own. */
export interface BenchServer {
  /** For clients, on loopback: one, or several that share them. */
  readonly ports: readonly number[];
  readonly pids: readonly number[];
  /** @throws LoadTestError `server_failed`. */
  readings(): Promise<ProcessReadings>;
  /** Returns when it has collected its garbage and given back memory, as far as it can be made to. */
  collectGarbage(): Promise<void>;
  stop(): Promise<void>;
}
