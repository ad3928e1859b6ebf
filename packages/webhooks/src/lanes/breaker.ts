export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open at first; twice as long each time that the trial fails. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/**
 * - `closed`: attempts are made; so many in a row have failed.
 * - `open`: none is made before `until`.
 * - `trial`: one is under way, and decides.
 */
export type BreakerState =
  | { readonly kind: "closed"; readonly failures: number }
  | { readonly kind: "open"; readonly until: number; readonly pauseMs: number }
  | { readonly kind: "trial"; readonly pauseMs: number };

/** Keeps attempts away from an endpoint that fails again and again, and tries now and then whether it is back. */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = { kind: "closed", failures: 0 };

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Whether an attempt may begin now; if so after a pause, it is the trial. */
  enter(now: number): boolean {
    if (this.#state.kind === "open" && now >= this.#state.until) {
      this.#state = { kind: "trial", pauseMs: this.#state.pauseMs };
      return true;
    }
    return this.#state.kind === "closed";
  }

  /** When it may be worth asking again. */
  reopensAt(now: number): number {
    if (this.#state.kind === "open") return this.#state.until;
    return this.#state.kind === "trial" ? now + this.#state.pauseMs : now;
  }

  succeeded(): void {
    // Attempts that began before it opened say nothing less than the trial does.
    this.#state = { kind: "closed", failures: 0 };
  }

  failed(now: number): void {
    const { failures, firstPauseMs, longestPauseMs } = this.#options;
    const state = this.#state;
    switch (state.kind) {
      case "closed":
        this.#state =
          state.failures + 1 >= failures
            ? { kind: "open", until: now + firstPauseMs, pauseMs: firstPauseMs }
            : { kind: "closed", failures: state.failures + 1 };
        return;
      case "trial": {
        const pauseMs = Math.min(state.pauseMs * 2, longestPauseMs);
        this.#state = { kind: "open", until: now + pauseMs, pauseMs };
        return;
      }
      case "open":
        return;
    }
  }
}
