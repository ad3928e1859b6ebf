export interface WatchdogLimits {
  /** How long a process may take to be ready before its silence counts. */
  readonly startMs: number;
  /** A process is stuck if nothing was heard of it between so many checks in a row and the next. */
  readonly silentChecks: number;
}

/**
 * - `starting`: was never ready. It loads and compiles, which turns no event loop, and on a machine that has too much to do
 *   its silence says nothing until `until`.
 * - `watched`: was ready, or has had its time; there were so many `checks` since it was last heard.
 */
type Watch =
  | { readonly kind: "starting"; readonly until: number }
  | { readonly kind: "watched"; readonly checks: number };

const HEARD: Watch = { kind: "watched", checks: 0 };

/** Tells a process that is stuck from one that is not, by what is heard of it. */
export class Watchdog {
  readonly #limits: WatchdogLimits;
  readonly #now: () => number;
  #watch: Watch;

  /** @param now the time in milliseconds, of a clock that is never set. */
  constructor(limits: WatchdogLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#watch = { kind: "starting", until: now() + limits.startMs };
  }

  /** Anything came from it. */
  heard(): void {
    if (this.#watch.kind === "watched") this.#watch = HEARD;
  }

  /** It has started. */
  ready(): void {
    this.#watch = HEARD;
  }

  /**
   * Whether it is stuck; called at regular times. Silence is counted in checks, since a supervisor that was held up itself
   * has heard nobody.
   */
  check(): boolean {
    const watch = this.#watch;
    if (watch.kind === "starting") {
      if (this.#now() >= watch.until) this.#watch = HEARD;
      return false;
    }
    this.#watch = { kind: "watched", checks: watch.checks + 1 };
    return watch.checks >= this.#limits.silentChecks;
  }
}
