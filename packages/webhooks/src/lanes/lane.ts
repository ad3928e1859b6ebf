import type { Clock } from "../queue/clock.ts";
import type { Breaker } from "./breaker.ts";
import { RateBucket } from "./rate-bucket.ts";

/** One attempt that is to be made. */
export interface LaneJob {
  /** Makes it. Never rejects. @returns whether the endpoint is well. */
  run(): Promise<boolean>;
  /** It cannot be made now: schedule it for later, and let go of it. */
  defer(at: number, reason: DeferReason): void;
  /** Gives it back without having begun. */
  abandon(): void;
}

/** No room in the lane, kept away from the endpoint, or held by its owner. */
export type DeferReason = "full" | "breaker" | "paused";

export interface LaneLimits {
  readonly concurrency: number;
  readonly ratePerSecond: number;
}

/** Jobs that wait in memory; the others wait in the store, where they hold nothing up. */
export const WAITING_ROOM = 64;
/** Soonest return of a job that was sent away, and latest. */
const MIN_DEFER_MS = 1_000;
const MAX_DEFER_MS = 300_000;
/** How much the newest attempt counts in the average of durations. */
const WEIGHT = 0.1;

/**
 * The attempts to one endpoint: so many at a time, so many a second, none while the breaker is open. It takes a bounded number of jobs and
 * sends the others away with a time to come back, so that an endpoint, however slow, never holds more than its lane.
 */
export class Lane {
  readonly #now: Clock;
  readonly #breaker: Breaker;
  readonly #bucket = new RateBucket();
  readonly #waiting: LaneJob[] = [];
  #limits: LaneLimits;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Average of how long an attempt takes. */
  #durationMs = 50;
  /** When the last job that was sent away comes back. */
  #lastReturn = 0;

  constructor(limits: LaneLimits, breaker: Breaker, now: Clock) {
    this.#limits = limits;
    this.#breaker = breaker;
    this.#now = now;
  }

  get running(): number {
    return this.#running;
  }

  get idle(): boolean {
    return this.#running === 0 && this.#waiting.length === 0;
  }

  get breakerOpen(): boolean {
    return this.#breaker.state.kind !== "closed";
  }

  set limits(limits: LaneLimits) {
    this.#limits = limits;
    this.#pump();
  }

  offer(job: LaneJob): void {
    if (this.#waiting.length >= WAITING_ROOM) {
      job.defer(this.#returnTime(this.#now()), "full");
      return;
    }
    this.#waiting.push(job);
    this.#pump();
  }

  /** Sends all that wait away: the process is leaving. */
  clear(): readonly LaneJob[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#waiting.splice(0);
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#running < this.#limits.concurrency) {
      const now = this.#now();
      if (this.#breaker.state.kind === "closed") {
        const wait = this.#bucket.take(now, this.#limits.ratePerSecond);
        if (wait > 0) {
          this.#pumpIn(wait);
          return;
        }
      }
      if (!this.#breaker.enter(now)) {
        this.#turnAway(now);
        return;
      }
      const job = this.#waiting.shift();
      if (job !== undefined) void this.#run(job);
    }
  }

  #turnAway(now: number): void {
    for (const job of this.#waiting.splice(0)) {
      job.defer(Math.max(this.#breaker.reopensAt(now), this.#returnTime(now)), "breaker");
    }
  }

  #pumpIn(wait: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, wait).unref();
  }

  async #run(job: LaneJob): Promise<void> {
    this.#running += 1;
    const began = performance.now();
    const well = await job.run();
    this.#running -= 1;
    this.#durationMs += WEIGHT * (performance.now() - began - this.#durationMs);
    if (well) this.#breaker.succeeded();
    else this.#breaker.failed(this.#now());
    this.#pump();
  }

  /** Those who are sent away come back one by one, at the pace at which the lane works. */
  #returnTime(now: number): number {
    const { concurrency, ratePerSecond } = this.#limits;
    const pace = Math.max(this.#durationMs / concurrency, ratePerSecond === 0 ? 0 : 1_000 / ratePerSecond);
    this.#lastReturn = Math.min(Math.max(now + MIN_DEFER_MS, this.#lastReturn + pace), now + MAX_DEFER_MS);
    return Math.round(this.#lastReturn);
  }
}
