/** A tick, as far as it matters for what came between two. */
export interface Tick {
  readonly sequence: number;
  readonly time: number;
}

/**
 * - `fine`: nothing was missed on the way of the tick.
 * - `gap`: ticks were missed, and other messages may have been, too.
 * - `older`: it is older than the newest one: it was late, or the stream has lost its end. Whether the stream still has
 *   {@link TickWatch.newest} tells.
 * - `regressed`: the stream has lost its newest messages and gives their sequences out again.
 */
export type TickVerdict = "fine" | "gap" | "older" | "regressed";

/**
 * Judges the ticks of a namespace: messages of its stream that come every second on a channel of their own, so that a way that was
 * broken for longer shows, however quiet the other channels are.
 */
export class TickWatch {
  #newest: Tick | undefined;

  get newest(): Tick | undefined {
    return this.#newest;
  }

  /** @param last sequence of the tick before, as the stream says; 0 if it has none. */
  observe(tick: Tick, last: number): TickVerdict {
    const newest = this.#newest;
    if (newest === undefined) {
      this.#newest = tick;
      return "fine";
    }
    if (tick.sequence === newest.sequence) return tick.time === newest.time ? "fine" : "regressed";
    if (tick.sequence < newest.sequence) return "older";
    this.#newest = tick;
    if (last === newest.sequence) return "fine";
    // A stream that keeps an older tick keeps the newer one, too: the oldest go first.
    return last > 0 && last < newest.sequence ? "regressed" : "gap";
  }

  /** The next tick is the first. */
  restart(): void {
    this.#newest = undefined;
  }
}
