import type { Clock } from "../queue/clock.ts";
import type { Breaker } from "./breaker.ts";
import { RateBucket } from "./rate-bucket.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** One attempt that is to be made. */
export interface LaneJob {
  /** Makes it. Never rejects. @returns whether the endpoint is well. */
  run(): Promise<boolean>;
  /** It cannot be made now: schedule it for later, and let go of it. */
  defer(at: number, reason: DeferReason): void;
  /** Gives it back without having begun. */
  abandon(): void;
}

/** No room in the lane, kept away from the endpoint, held by its owner, or without the key to its secrets. */
export const DEFER_REASONS = ["full", "breaker", "paused", "locked"] as const;
export type DeferReason = (typeof DEFER_REASONS)[number];

export interface LaneLimits {
  readonly concurrency: number;
  readonly ratePerSecond: number;
}

/** As much as a lane works off within so long may wait in memory in any case. */
const WAITING_MS = 10_000;
/** Jobs that may wait in memory in any case, at least and at most; more do while few wait altogether. */
export const LANE_ROOM = { least: 64, most: 2_000 } as const;
/** Soonest return of a job that was sent away, and latest. */
const MIN_DEFER_MS = 1_000;
const MAX_DEFER_MS = 300_000;
/** How much the newest attempt counts in the average of durations. */
const WEIGHT = 0.1;

/**
 * The attempts to one endpoint: so many at a time, so many a second, none while the breaker is open. It takes a bounded number of jobs and
 * sends the others away with a time to come back: they then wait in the store, where an endpoint, however slow, holds nothing up; but each
 * costs a write and a return.
 */
export class Lane {
  readonly #now: Clock;
  readonly #breaker: Breaker;
  readonly #room: WaitingRoom;
  readonly #bucket = new RateBucket();
  readonly #waiting: LaneJob[] = [];
  #limits: LaneLimits;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Average of how long an attempt takes. */
  #durationMs = 50;
  /** When the last job that was sent away comes back. */
  #lastReturn = 0;

  constructor(limits: LaneLimits, breaker: Breaker, room: WaitingRoom, now: Clock) {
    this.#limits = limits;
    this.#room = room;
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
    if (this.#waiting.length >= this.#places && !this.#room.hasSpare) {
      job.defer(this.#returnTime(this.#now()), "full");
      return;
    }
    this.#waiting.push(job);
    this.#room.entered();
    this.#pump();
  }

  /** Sends all that wait away: the process is leaving. */
  clear(): readonly LaneJob[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#takeAll();
  }

  #takeAll(): readonly LaneJob[] {
    this.#room.left(this.#waiting.length);
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
      if (job !== undefined) {
        this.#room.left(1);
        void this.#run(job);
      }
    }
  }

  #turnAway(now: number): void {
    for (const job of this.#takeAll()) {
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
    const next = this.#lastReturn + this.#paceMs;
    this.#lastReturn = Math.min(Math.max(now + MIN_DEFER_MS, next), now + MAX_DEFER_MS);
    return Math.round(this.#lastReturn);
  }

  /** From one attempt to the next, as it has been. */
  get #paceMs(): number {
    const { concurrency, ratePerSecond } = this.#limits;
    return Math.max(this.#durationMs / concurrency, ratePerSecond === 0 ? 0 : 1_000 / ratePerSecond);
  }

  get #places(): number {
    return Math.min(Math.max(WAITING_MS / this.#paceMs, LANE_ROOM.least), LANE_ROOM.most);
  }
}
