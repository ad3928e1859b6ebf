/**
 * Bounds how many reads are under way: a crowd that comes back must not become a crowd of reads. Who waits is served in the
 * order of coming.
 */
export class ReadLimiter {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #started = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Reads begun since start. */
  get started(): number {
    return this.#started;
  }

  async run<Value>(read: () => Promise<Value>): Promise<Value> {
    if (this.#running >= this.#most) {
      // The place is handed over, not given back: nobody who comes meanwhile gets ahead.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    this.#started += 1;
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
