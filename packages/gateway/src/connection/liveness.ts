import type { PingTimes } from "../limits.ts";

const NEVER = Number.POSITIVE_INFINITY;

/**
 * The interval is a promise to clients, and the timer wheel wakes late: by a tick, and more on a busy node. So pings
 * come after 75 to 90 % of it.
 */
const EARLIEST = 0.75;
const SPREAD = 0.15;

export type LivenessVerdict = "fine" | "ping" | "dead";

/** When to ping one client and when to give it up. Every ping comes a little early, at random, so that connections made together drift apart. */
export class Liveness {
  #pingAt: number;
  #pongBy: number = NEVER;

  constructor(now: number, times: PingTimes, random: number) {
    // The first one anywhere in the second half of the interval: connections made by one storm must not ping as one.
    this.#pingAt = now + times.intervalMs * (EARLIEST + SPREAD) * (0.5 + random * 0.5);
  }

  /** When to look again. */
  get dueAt(): number {
    return Math.min(this.#pingAt, this.#pongBy);
  }

  /** The client sent something, a pong or a message. */
  heard(): void {
    this.#pongBy = NEVER;
  }

  check(now: number, times: PingTimes, random: number): LivenessVerdict {
    if (now >= this.#pongBy) {
      return "dead";
    }
    if (now < this.#pingAt) {
      return "fine";
    }
    this.#pingAt = now + times.intervalMs * (EARLIEST + random * SPREAD);
    // An unanswered earlier ping keeps its deadline.
    this.#pongBy = Math.min(this.#pongBy, now + times.pongTimeoutMs);
    return "ping";
  }
}

/** The message that tells a client that the connection lives, and how far it has got. */
export function pingText(cursor: string | undefined): string {
  return cursor === undefined ? '{"type":"ping"}' : `{"type":"ping","cursor":"${cursor}"}`;
}
