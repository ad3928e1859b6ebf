export type BucketVerdict = "ok" | "limited" | "flood";

/**
 * The rate limit of one connection. A refused message costs as much as an accepted one, so a client that goes on
 * regardless sinks below zero, and a full burst below zero is a flood.
 */
export class TokenBucket {
  #tokens: number;
  #refilledAt: number;

  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#refilledAt = now;
  }

  take(now: number, perSecond: number, burst: number): BucketVerdict {
    // A clock that steps back must not take tokens away.
    const elapsed = Math.max(0, now - this.#refilledAt);
    this.#tokens = Math.min(burst, this.#tokens + (elapsed * perSecond) / 1000) - 1;
    this.#refilledAt = now;
    if (this.#tokens >= 0) {
      return "ok";
    }
    return this.#tokens >= -burst ? "limited" : "flood";
  }

  /** Milliseconds until one message would be accepted. */
  retryAfterMs(perSecond: number): number {
    return Math.max(1, Math.ceil(((1 - this.#tokens) * 1000) / perSecond));
  }
}
