/** Remembers what a listener was called with and lets a test wait for the next call. */
export class Collector<Item> {
  readonly items: Item[] = [];
  readonly #waiting = new Set<() => void>();

  readonly push = (item: Item): void => {
    this.items.push(item);
    for (const look of [...this.#waiting]) look();
  };

  /** Resolves with all items when there are at least `count`. */
  count(count: number): Promise<readonly Item[]> {
    return this.#until(() => (this.items.length >= count ? this.items : undefined));
  }

  /** Resolves with the first item, past or future, that matches. */
  match(predicate: (item: Item) => boolean): Promise<Item> {
    return this.#until(() => this.items.find(predicate));
  }

  #until<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
