import { TokenBucket } from "../token-bucket.ts";

export interface ConnectRateLimits {
  readonly connectsPerSecond: number;
  readonly connectBurst: number;
}

/** Nobody is told to wait longer, however many there are: by then a node may have been added. */
const LONGEST_WAIT_MS = 60_000;

/**
 * How many new connections a second a node takes. Who is one too many is told when to come back, each a little later than the one
 * before: so that a storm comes back as a queue, at the rate that the node can take, and not as the next storm.
 */
export class ConnectRate {
  readonly #limits: ConnectRateLimits;
  readonly #bucket: TokenBucket;
  /** Up to when the waits that were given reach. */
  #promisedUntil = 0;

  constructor(limits: ConnectRateLimits, now: number) {
    this.#limits = limits;
    this.#bucket = new TokenBucket(limits.connectBurst, now);
  }

  /** Counts a newcomer in, or returns how many ms it should wait. */
  take(now: number): number | undefined {
    const { connectsPerSecond, connectBurst } = this.#limits;
    if (this.#bucket.wouldTake(now, connectsPerSecond, connectBurst)) {
      this.#bucket.take(now, connectsPerSecond, connectBurst);
      return undefined;
    }
    this.#promisedUntil = Math.max(this.#promisedUntil, now) + 1000 / connectsPerSecond;
    return Math.min(this.#promisedUntil - now, LONGEST_WAIT_MS);
  }
}
