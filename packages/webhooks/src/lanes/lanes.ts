import type { Endpoint } from "../endpoints/endpoint.ts";
import type { Clock } from "../queue/clock.ts";
import type { BreakerOptions } from "./breaker.ts";
import { Breaker } from "./breaker.ts";
import type { LaneJob } from "./lane.ts";
import { Lane } from "./lane.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** The lanes of this process, one for each endpoint that has had something to do. */
export class Lanes {
  readonly #breaker: BreakerOptions;
  readonly #now: Clock;
  readonly #room = new WaitingRoom();
  readonly #lanes = new Map<string, Lane>();
  #isLeaving = false;

  constructor(breaker: BreakerOptions, now: Clock) {
    this.#breaker = breaker;
    this.#now = now;
  }

  /** Attempts that are under way. */
  get running(): number {
    return this.#sum((lane) => lane.running);
  }

  /** Endpoints that attempts are kept away from. */
  get openBreakers(): number {
    return this.#sum((lane) => (lane.breakerOpen ? 1 : 0));
  }

  offer(endpoint: Endpoint, job: LaneJob): void {
    if (this.#isLeaving) {
      job.abandon();
      return;
    }
    const { id, concurrency, ratePerSecond } = endpoint;
    let lane = this.#lanes.get(id);
    if (lane === undefined) {
      lane = new Lane({ concurrency, ratePerSecond }, new Breaker(this.#breaker), this.#room, this.#now);
      this.#lanes.set(id, lane);
    }
    lane.offer(job);
  }

  /** An endpoint has changed, or is gone. What its lane holds is still decided by the lane. */
  changed(id: string, endpoint: Endpoint | undefined): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    if (endpoint !== undefined) lane.limits = endpoint;
    else if (lane.idle) this.#lanes.delete(id);
  }

  /** Gives back everything that has not begun, and from now on whatever comes. */
  leave(): void {
    this.#isLeaving = true;
    for (const lane of this.#lanes.values()) for (const job of lane.clear()) job.abandon();
  }

  #sum(count: (lane: Lane) => number): number {
    let sum = 0;
    for (const lane of this.#lanes.values()) sum += count(lane);
    return sum;
  }
}
