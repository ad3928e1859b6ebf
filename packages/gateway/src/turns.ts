/** Work that can wait its turn. */
export interface Turn {
  /** Called once; must not throw. */
  take(): void;
}

/** How much of it is done at once. */
const MOST_AT_ONCE = 4;

/**
 * Spreads work that comes in crowds over turns of the event loop: when many clients that had stalled read again, those who never
 * did must not feel it.
 */
export class Turns {
  #waiting: Turn[] = [];
  #isScheduled = false;

  enter(turn: Turn): void {
    this.#waiting.push(turn);
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#isScheduled && this.#waiting.length > 0) {
      this.#isScheduled = true;
      setImmediate(() => this.#run());
    }
  }

  #run(): void {
    this.#isScheduled = false;
    const due = this.#waiting.slice(0, MOST_AT_ONCE);
    this.#waiting = this.#waiting.slice(MOST_AT_ONCE);
    this.#schedule();
    for (const turn of due) {
      turn.take();
    }
  }
}
