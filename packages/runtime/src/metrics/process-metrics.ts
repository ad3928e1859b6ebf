import { readdir, readFile, stat } from "node:fs/promises";
import {
  constants,
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";
import { counter, defineMetrics, gauge, histogram } from "./metric-declaration.ts";
import type { MetricsOf } from "./metric-family.ts";

/**
 * What every service exports about its process, under the names that dashboards for Node.js know.
 * The event-loop figures cover the time since the previous scrape.
 */
export const processMetrics = defineMetrics({
  cpuUser: counter("process_cpu_user_seconds_total", "CPU time spent in the program's own code, in seconds."),
  cpuSystem: counter(
    "process_cpu_system_seconds_total",
    "CPU time the kernel spent for the process, in seconds.",
  ),
  startTime: gauge(
    "process_start_time_seconds",
    "When the process started, in seconds since 1970.",
    [],
    "each",
  ),
  residentMemory: gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.", [], "each"),
  heapTotal: gauge("nodejs_heap_size_total_bytes", "Size of the JavaScript heap.", [], "each"),
  heapUsed: gauge("nodejs_heap_size_used_bytes", "Part of the JavaScript heap that is in use.", [], "each"),
  external: gauge(
    "nodejs_external_memory_bytes",
    "Memory outside the heap that JavaScript objects hold, buffers included.",
    [],
    "each",
  ),
  openFiles: gauge(
    "process_open_fds",
    "Open file descriptors, sockets included. NaN where the system does not tell.",
    [],
    "each",
  ),
  maxFiles: gauge(
    "process_max_fds",
    "Most file descriptors the process may open. NaN where the system does not tell.",
    [],
    "each",
  ),
  gc: histogram(
    "nodejs_gc_duration_seconds",
    "Duration of garbage collections.",
    ["kind"],
    [0.001, 0.01, 0.1, 1],
  ),
  lagP50: gauge("nodejs_eventloop_lag_p50_seconds", "Median delay of the event loop.", [], "each"),
  lagP99: gauge("nodejs_eventloop_lag_p99_seconds", "99th percentile of the event loop's delay.", [], "each"),
  lagMax: gauge("nodejs_eventloop_lag_max_seconds", "Longest delay of the event loop.", [], "each"),
  utilization: gauge(
    "nodejs_eventloop_utilization_ratio",
    "Share of time in which the event loop was busy, 0 to 1.",
    [],
    "each",
  ),
});

/** Keeps the numbers behind `processMetrics`. */
export interface ProcessObserver {
  /** Takes the samples for one scrape. */
  readonly sample: () => Promise<void>;
  /** Ends the observation. Idempotent. */
  readonly close: () => void;
}

/** How often the event loop is probed, in milliseconds. */
const PROBE_INTERVAL_MS = 10;
const NANOSECONDS = 1e9;

const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
  [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"],
]);

/** Starts observing this process. Holds no timer that would keep the process alive. */
export function observeProcess(metrics: MetricsOf<typeof processMetrics>): ProcessObserver {
  const delays = monitorEventLoopDelay({ resolution: PROBE_INTERVAL_MS });
  delays.enable();
  let utilizationBase = performance.eventLoopUtilization();
  let sampled = measure(delays, utilizationBase);
  let files = { open: Number.NaN, max: Number.NaN };

  metrics.cpuUser.fromFunction(() => sampled.cpu.user / 1e6);
  metrics.cpuSystem.fromFunction(() => sampled.cpu.system / 1e6);
  metrics.startTime.child().set(performance.timeOrigin / 1000);
  metrics.residentMemory.fromFunction(() => sampled.memory.rss);
  metrics.heapTotal.fromFunction(() => sampled.memory.heapTotal);
  metrics.heapUsed.fromFunction(() => sampled.memory.heapUsed);
  metrics.external.fromFunction(() => sampled.memory.external);
  metrics.openFiles.fromFunction(() => files.open);
  metrics.maxFiles.fromFunction(() => files.max);
  metrics.lagP50.fromFunction(() => sampled.lag.p50);
  metrics.lagP99.fromFunction(() => sampled.lag.p99);
  metrics.lagMax.fromFunction(() => sampled.lag.max);
  metrics.utilization.fromFunction(() => sampled.utilization);

  const durations = new Map([...GC_KINDS].map(([kind, name]) => [kind, metrics.gc.child({ kind: name })]));
  const collections = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) durations.get(gcKindOf(entry))?.observe(entry.duration / 1000);
  });
  collections.observe({ entryTypes: ["gc"] });

  return {
    sample: async () => {
      files = { open: await countOpenFiles(), max: await readFileLimit() };
      // The delays are read together and only then forgotten, so that all three figures are about the same time.
      sampled = measure(delays, utilizationBase);
      delays.reset();
      utilizationBase = performance.eventLoopUtilization();
    },
    close: () => {
      delays.disable();
      collections.disconnect();
    },
  };
}

interface Measured {
  readonly cpu: NodeJS.CpuUsage;
  readonly memory: NodeJS.MemoryUsage;
  readonly lag: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly utilization: number;
}

function measure(delays: IntervalHistogram, since: EventLoopUtilization): Measured {
  return {
    cpu: process.cpuUsage(),
    memory: process.memoryUsage(),
    lag: {
      p50: lagSeconds(delays.percentile(50)),
      p99: lagSeconds(delays.percentile(99)),
      max: lagSeconds(delays.max),
    },
    utilization: performance.eventLoopUtilization(since).utilization,
  };
}

/** The probe records the time between two of its ticks; only what exceeds its interval is the loop's delay. */
export function lagSeconds(recordedNanoseconds: number): number {
  return Math.max(0, recordedNanoseconds / NANOSECONDS - PROBE_INTERVAL_MS / 1000);
}

/**
 * Linux since 6.2 tells the number of open files as the size of this directory. Listing it, as older kernels need, takes tens of
 * milliseconds with a hundred thousand sockets, so it happens off the main thread and only where it must.
 */
async function countOpenFiles(): Promise<number> {
  try {
    const { size } = await stat("/proc/self/fd");
    return size > 0 ? size : (await readdir("/proc/self/fd")).length;
  } catch {
    return Number.NaN;
  }
}

async function readFileLimit(): Promise<number> {
  try {
    const limits = await readFile("/proc/self/limits", "utf8");
    const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
    return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft ?? Number.NaN);
  } catch {
    return Number.NaN;
  }
}

function gcKindOf(entry: PerformanceEntry): number {
  const detail: unknown = "detail" in entry ? entry.detail : undefined;
  const kind = typeof detail === "object" && detail !== null && "kind" in detail ? detail.kind : undefined;
  return typeof kind === "number" ? kind : 0;
}
