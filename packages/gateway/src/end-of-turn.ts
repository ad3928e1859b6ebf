/**
 * Runs what has to wait until everything else of this turn is done, in the order in which it came. All of it in one microtask: one
 * for each costs 400 bytes, and there may be one for each client whenever a message goes out.
 */
export class EndOfTurn<Item> {
  readonly #run: (item: Item) => void;
  /** With room for as many as there ever were at once: to make it anew would cost more than the rest. */
  readonly #due: (Item | undefined)[] = [];
  #count = 0;

  /** @param run called once for each time that an item was added. Must not throw. */
  constructor(run: (item: Item) => void) {
    this.#run = run;
  }

  /** What is added while the others run is run behind them. */
  add(item: Item): void {
    this.#due[this.#count] = item;
    this.#count += 1;
    if (this.#count === 1) {
      queueMicrotask(this.#runAll);
    }
  }

  /** Made once: a closure in {@link add} would cost its scope each time, whether it is needed or not. */
  readonly #runAll = (): void => {
    for (let index = 0; index < this.#count; index += 1) {
      const item = this.#due[index];
      this.#due[index] = undefined;
      if (item !== undefined) {
        this.#run(item);
      }
    }
    this.#count = 0;
  };
}
