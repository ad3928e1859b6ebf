/** How long a turn of the event loop may take for them, in ms: about a hundred, and little to who waits for a message. */
const TURN_MS = 10;
/** Counted at least for each, since the work of some comes behind `enter`. */
const LEAST_MS = 0.1;
/** Waiting at most: some seconds of work, which is what a client has patience for. */
const MOST_WAITING = 16_384;

export interface ArrivalsOptions {
  /** Told what a newcomer throws; the others come in all the same. */
  readonly onFault: (error: unknown) => void;
  /** In ms, monotonic. */
  readonly uptime: () => number;
  readonly turnMs?: number;
  readonly mostWaiting?: number;
}

/**
 * Lets newcomers in a few at a time. The event loop hands over everything that has arrived before it turns on, so that
 * thousands at once would keep messages from those who are connected, for seconds. Taken in turns with everything else, they
 * themselves are in as soon.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #turnMs: number;
  readonly #mostWaiting: number;
  #waiting: (() => void)[] = [];
  /** Those before are in already; the array is cut now and then, since shifting a long one costs its length. */
  #next = 0;
  /** How long they took since the last turn that is known to have begun. */
  #spentMs = 0;
  #turn: NodeJS.Immediate | undefined;

  constructor(options: ArrivalsOptions) {
    const { turnMs = TURN_MS, mostWaiting = MOST_WAITING } = options;
    this.#options = options;
    this.#turnMs = turnMs;
    this.#mostWaiting = mostWaiting;
  }

  /** Whether the next one does not have to wait. */
  get isOpen(): boolean {
    return this.waiting === 0 && this.#spentMs < this.#turnMs;
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** Runs `enter`, now or in a later turn; in the order of the calls. False if too many wait already: it is never run. */
  admit(enter: () => void): boolean {
    if (this.isOpen) {
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
    this.#spentMs = 0;
    this.#turn = undefined;
    // Who comes while they are let in gets a place behind them, in a later turn.
    const end = this.#waiting.length;
    while (this.#next < end && this.#spentMs < this.#turnMs) {
      const enter = this.#waiting[this.#next];
      this.#next += 1;
      if (enter !== undefined) {
        this.#run(enter);
      }
    }
    if (this.waiting === 0 || this.#next > this.#mostWaiting) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    if (this.waiting > 0) {
      this.#turn ??= setImmediate(this.#begin);
    }
  };

  #run(enter: () => void): void {
    const { uptime, onFault } = this.#options;
    const startedAt = uptime();
    try {
      enter();
    } catch (error) {
      onFault(error);
    }
    this.#spentMs += Math.max(LEAST_MS, uptime() - startedAt);
  }
}
