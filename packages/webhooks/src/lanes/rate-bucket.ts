/** Lets through so many a second, evenly after a burst of one second's worth. */
export class RateBucket {
  #credit = 0;
  #at = Number.NEGATIVE_INFINITY;

  /** Milliseconds until one may pass; 0 takes it. `perSecond` of 0 is unlimited. */
  take(now: number, perSecond: number): number {
    if (perSecond === 0) return 0;
    const burst = Math.max(1, perSecond);
    // A clock that steps back must not take credit away.
    const elapsed = Math.max(0, now - this.#at);
    this.#credit = Math.min(burst, this.#credit + (elapsed * perSecond) / 1_000);
    this.#at = now;
    if (this.#credit >= 1) {
      this.#credit -= 1;
      return 0;
    }
    return Math.ceil(((1 - this.#credit) * 1_000) / perSecond);
  }
}
