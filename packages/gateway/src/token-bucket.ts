export type BucketVerdict = "ok" | "limited" | "flood";

/** Counted in thousandths of a message, which a rate per second brings per millisecond: whole numbers, so nothing is rounded. */
const MESSAGE = 1000;

/**
 * The rate limit of one connection, or of one user over HTTP. A refused message costs as much as an accepted one, so a client
 * that goes on regardless sinks below zero, and a full burst below zero is a flood. It sinks no further: the wait stays bounded.
 */
export class TokenBucket {
  #credit: number;
  #refilledAt: number;

  constructor(burst: number, now: number) {
    this.#credit = burst * MESSAGE;
    this.#refilledAt = now;
  }

  /** Whether {@link take} would say `ok`; takes nothing. */
  wouldTake(now: number, perSecond: number, burst: number): boolean {
    const elapsed = Math.max(0, now - this.#refilledAt);
    return Math.min(burst * MESSAGE, this.#credit + elapsed * perSecond) >= MESSAGE;
  }

  take(now: number, perSecond: number, burst: number): BucketVerdict {
    // A clock that steps back must not take credit away.
    const elapsed = Math.max(0, now - this.#refilledAt);
    const credit = Math.min(burst * MESSAGE, this.#credit + elapsed * perSecond) - MESSAGE;
    this.#credit = Math.max(credit, -(burst + 1) * MESSAGE);
    this.#refilledAt = now;
    if (this.#credit >= 0) {
      return "ok";
    }
    return this.#credit >= -burst * MESSAGE ? "limited" : "flood";
  }

  /** Milliseconds until one message would be accepted. */
  retryAfterMs(perSecond: number): number {
    return Math.max(1, Math.ceil((MESSAGE - this.#credit) / perSecond));
  }
}
