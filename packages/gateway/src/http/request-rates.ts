import type { Sleeper, TimerWheel } from "../timer-wheel.ts";
import { TokenBucket } from "../token-bucket.ts";

export interface RequestRateLimits {
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
}

const SWEEP_MS = 5_000;

interface Entry {
  readonly bucket: TokenBucket;
  usedAt: number;
}

/**
 * The rates of requests over HTTP, which have no connection of ours to count on: a bucket per user, or per address for clients
 * that are nobody. A bucket that has had time to fill up is forgotten.
 */
export class RequestRates implements Sleeper {
  wakeAt: number = Number.POSITIVE_INFINITY;
  wheelSlot = -1;
  wheelIndex = -1;
  readonly #limits: RequestRateLimits;
  readonly #wheel: TimerWheel;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(limits: RequestRateLimits, wheel: TimerWheel, now: () => number) {
    this.#limits = limits;
    this.#wheel = wheel;
    this.#now = now;
  }

  /** Buckets that are kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** Counts a request. Returns how long to wait, in ms, if it is one too many. */
  take(key: string): number | undefined {
    const { requestsPerSecond, requestBurst } = this.#limits;
    const now = this.#now();
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { bucket: new TokenBucket(requestBurst, now), usedAt: now };
      this.#entries.set(key, entry);
      this.#scheduleSweep();
    }
    entry.usedAt = now;
    return entry.bucket.take(now, requestsPerSecond, requestBurst) === "ok"
      ? undefined
      : entry.bucket.retryAfterMs(requestsPerSecond);
  }

  /** @internal Called by the timer wheel. */
  wake(now: number): void {
    const { requestsPerSecond, requestBurst } = this.#limits;
    // Twice the burst: a bucket can be a full burst below zero.
    const fullAfterMs = (2 * requestBurst * 1000) / requestsPerSecond;
    for (const [key, { usedAt }] of this.#entries) {
      if (now - usedAt >= fullAfterMs) {
        this.#entries.delete(key);
      }
    }
    this.#scheduleSweep();
  }

  #scheduleSweep(): void {
    if (this.wheelSlot === -1 && this.#entries.size > 0) {
      this.#wheel.schedule(this, this.#now() + SWEEP_MS);
    }
  }
}
