import { performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { CALM, isShedding, nextPressure, type Pressure, type PressureRule } from "./pressure.ts";

/** What a node can have too much of. */
export const LOADS = ["lag", "memory", "nats"] as const;
export type Load = (typeof LOADS)[number];

export interface LoadLimits {
  /** Delay of the event loop that is too much, in ms; 0 for none. */
  readonly lagMs: number;
  /** Resident memory that is too much, in bytes. */
  readonly memoryBytes: number | undefined;
}

/** What is measured; replaced in tests. */
export interface LoadSources {
  /** Monotonic, in ms. */
  readonly now: () => number;
  readonly residentBytes: () => number;
  /** Share of the JavaScript heap's limit that is in use, 0 to 1. */
  readonly heapShare: () => number;
  readonly isLinked: () => boolean;
}

const SAMPLE_MS = 100;
/** Asking for memory costs some µs and it does not change quickly. */
const SAMPLES_PER_MEMORY = 10;
/** Above this share of its limit, the heap is mostly collected and hardly used. */
const HEAP_SHARE = 0.9;
/** Of its limit, what memory has to fall to: garbage comes and goes. */
const MEMORY_LOW = 0.9;
/** So many times the limit, and even a goodbye costs too much. */
const SEVERE_LAG = 4;

/**
 * Measures whether the node has too much to do to take more clients: by the delay of its event loop, its memory, and
 * whether it has NATS to serve them from.
 */
export class LoadMonitor {
  readonly #sources: LoadSources;
  readonly #limits: LoadLimits;
  readonly #rules: Readonly<Record<Load, PressureRule>>;
  readonly #pressures: Record<Load, Pressure> = { lag: CALM, memory: CALM, nats: CALM };
  readonly #onChange: (load: Load, sheds: boolean, reading: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #sampledAt: number;
  #samples = 0;
  #lagMs = 0;

  /** @param onChange told when a load becomes too much, and when it is so no longer. */
  constructor(
    limits: LoadLimits,
    sources: LoadSources,
    onChange: (load: Load, sheds: boolean, reading: number) => void,
  ) {
    this.#limits = limits;
    this.#sources = sources;
    this.#onChange = onChange;
    this.#sampledAt = sources.now();
    const lag = limits.lagMs === 0 ? Number.POSITIVE_INFINITY : limits.lagMs;
    this.#rules = {
      lag: { high: lag, low: limits.lagMs / 2, riseMs: 1_000, easeMs: 3_000 },
      memory: { high: 1, low: MEMORY_LOW, riseMs: 0, easeMs: 3_000 },
      // Most losses of the link are over before clients have a reason to go elsewhere.
      nats: { high: 1, low: 0, riseMs: 5_000, easeMs: 0 },
    };
  }

  start(): void {
    this.#timer ??= setInterval(() => this.sample(), SAMPLE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What there is too much of, if anything. */
  get overload(): Load | undefined {
    return LOADS.find((load) => isShedding(this.#pressures[load]));
  }

  isTooMuch(load: Load): boolean {
    return isShedding(this.#pressures[load]);
  }

  /** Whether there is no time left even to say goodbye. */
  get isSevere(): boolean {
    return isShedding(this.#pressures.lag) && this.#lagMs >= SEVERE_LAG * this.#limits.lagMs;
  }

  /** Called by the timer, at regular times; tests call it with their own clock. */
  sample(): void {
    const now = this.#sources.now();
    this.#lagMs = Math.max(0, now - this.#sampledAt - SAMPLE_MS);
    this.#sampledAt = now;
    this.#feed("lag", this.#lagMs, now);
    this.#feed("nats", this.#sources.isLinked() ? 0 : 1, now);
    if (this.#samples % SAMPLES_PER_MEMORY === 0) {
      this.#feed("memory", this.#memoryShare(), now);
    }
    this.#samples += 1;
  }

  #memoryShare(): number {
    const { memoryBytes } = this.#limits;
    const resident = memoryBytes === undefined ? 0 : this.#sources.residentBytes() / memoryBytes;
    return Math.max(resident, this.#sources.heapShare() / HEAP_SHARE);
  }

  #feed(load: Load, reading: number, now: number): void {
    const before = this.#pressures[load];
    const after = nextPressure(before, reading, now, this.#rules[load]);
    this.#pressures[load] = after;
    if (isShedding(before) !== isShedding(after)) {
      this.#onChange(load, isShedding(after), reading);
    }
  }
}

/** Of this process. */
export const PROCESS_SOURCES: Omit<LoadSources, "isLinked"> = {
  now: () => performance.now(),
  residentBytes: () => process.memoryUsage.rss(),
  heapShare: () => {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return used / limit;
  },
};
