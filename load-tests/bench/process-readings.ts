import { LoadTestError } from "../load-test-error.ts";
import { fetchMetricsPage } from "../metrics-page.ts";

/** What a server says of its process. Event-loop figures are about the time since the reading before. */
export interface ProcessReadings {
  /** Of all threads, since the start. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  readonly lagP50Seconds: number;
  readonly lagP99Seconds: number;
  readonly lagMaxSeconds: number;
}

/** A server that was given far too much answers when it has worked that off. */
const ANSWER_TIMEOUT_MS = 180_000;

/**
 * Asks a server's `/metrics`.
 *
 * @throws LoadTestError `server_failed` if it does not answer, or leaves out a figure.
 */
export async function fetchReadings(operationsPort: number): Promise<ProcessReadings> {
  const server = { name: "the server", host: "127.0.0.1", operationsPort };
  return parseReadings(await fetchMetricsPage(server, ANSWER_TIMEOUT_MS));
}

/** @throws LoadTestError `server_failed` naming the metric that is missing. */
export function parseReadings(text: string): ProcessReadings {
  const value = (name: string): number => {
    // Process metrics have no labels.
    const match = new RegExp(`^${name} (\\S+)$`, "m").exec(text);
    if (match === null) {
      throw new LoadTestError("server_failed", `/metrics has no ${name}`);
    }
    return Number(match[1]);
  };
  return {
    cpuSeconds: value("process_cpu_user_seconds_total") + value("process_cpu_system_seconds_total"),
    residentBytes: value("process_resident_memory_bytes"),
    heapUsedBytes: value("nodejs_heap_size_used_bytes"),
    externalBytes: value("nodejs_external_memory_bytes"),
    lagP50Seconds: value("nodejs_eventloop_lag_p50_seconds"),
    lagP99Seconds: value("nodejs_eventloop_lag_p99_seconds"),
    lagMaxSeconds: value("nodejs_eventloop_lag_max_seconds"),
  };
}
