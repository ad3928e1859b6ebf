/** Sequences that are worked on in any order, and the one up to which all are done. */
export class OrderedFloor {
  readonly #limit: number;
  /** In the order in which they began, which is ascending. */
  readonly #open = new Map<number, boolean>();
  readonly #waiting = new Set<() => void>();
  #value: number;
  #abandoned = false;

  /** @param limit of sequences that are worked on at the same time. */
  constructor(value: number, limit: number) {
    this.#value = value;
    this.#limit = limit;
  }

  /** Everything up to this is done. */
  get value(): number {
    return this.#value;
  }

  /** Resolves when there is room for one more. */
  async begin(sequence: number): Promise<void> {
    while (this.#open.size >= this.#limit && !this.#abandoned) await this.#change();
    this.#open.set(sequence, false);
  }

  end(sequence: number): void {
    this.#open.set(sequence, true);
    for (const [oldest, done] of this.#open) {
      if (!done) break;
      this.#open.delete(oldest);
      this.#value = oldest;
    }
    this.#wake();
  }

  /** One will never end: nobody need wait any more. */
  abandon(): void {
    this.#abandoned = true;
    this.#wake();
  }

  /** Resolves when nothing is under way, or when it never will be so. */
  async settled(): Promise<void> {
    while (this.#open.size > 0 && !this.#abandoned) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
