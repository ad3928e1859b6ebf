/** Taken in one turn of the event loop: a few milliseconds of work. */
const PER_TURN = 32;
/** Waiting at most: some seconds of work, which is what a client has patience for. */
const MOST_WAITING = 16_384;

/**
 * Lets newcomers in a few at a time. The event loop hands over everything that has arrived before it turns on, so that
 * thousands at once would keep messages from those who are connected, for seconds. Taken in turns with everything else, they
 * themselves are in as soon.
 */
export class Arrivals {
  readonly #perTurn: number;
  readonly #mostWaiting: number;
  readonly #onFault: (error: unknown) => void;
  #waiting: (() => void)[] = [];
  /** Those before are in already; the array is cut now and then, since shifting a long one costs its length. */
  #next = 0;
  /** Since the last turn that is known to have begun. */
  #taken = 0;
  #turn: NodeJS.Immediate | undefined;

  /** @param onFault told what a newcomer throws; the others come in all the same. */
  constructor(onFault: (error: unknown) => void, perTurn = PER_TURN, mostWaiting = MOST_WAITING) {
    this.#onFault = onFault;
    this.#perTurn = perTurn;
    this.#mostWaiting = mostWaiting;
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** Runs `enter`, now or in a later turn; in the order of the calls. False if too many wait already: it is never run. */
  admit(enter: () => void): boolean {
    if (this.waiting === 0 && this.#taken < this.#perTurn) {
      this.#taken += 1;
      this.#run(enter);
      return true;
    }
    if (this.waiting >= this.#mostWaiting) {
      return false;
    }
    this.#waiting.push(enter);
    // Not earlier: asked for in each turn that brings somebody, this costs more than letting them in. So those before may have come
    // in several turns, and who waits does so for less than one.
    this.#turn ??= setImmediate(this.#begin);
    return true;
  }

  /** A new turn. */
  readonly #begin = (): void => {
    this.#taken = 0;
    this.#turn = undefined;
    const end = Math.min(this.#waiting.length, this.#next + this.#perTurn);
    if (this.#next < end) {
      // Before they run: one of them may bring another.
      this.#turn = setImmediate(this.#begin);
      this.#taken = this.#perTurn;
      const due = this.#waiting.slice(this.#next, end);
      this.#next = end;
      if (this.waiting === 0 || this.#next > this.#mostWaiting) {
        this.#waiting = this.#waiting.slice(this.#next);
        this.#next = 0;
      }
      for (const enter of due) {
        this.#run(enter);
      }
    }
  };

  #run(enter: () => void): void {
    try {
      enter();
    } catch (error) {
      this.#onFault(error);
    }
  }
}
