/** Share of the linger by which a sweep may come late, so that one sweep ends many. */
const SWEEP_SHARE = 8;
const LONGEST_SWEEP_MS = 1_000;

/**
 * Keeps things a while after they were last needed, all with one timer. All stay equally long, so the oldest is
 * always first.
 */
export class Linger<Item> {
  readonly #lingerMs: number;
  readonly #expire: (item: Item) => void;
  /** Item to the time it is due, in order of time. */
  readonly #due = new Map<Item, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(lingerMs: number, expire: (item: Item) => void) {
    this.#lingerMs = lingerMs;
    this.#expire = expire;
  }

  get size(): number {
    return this.#due.size;
  }

  add(item: Item): void {
    if (this.#lingerMs === 0) {
      this.#expire(item);
      return;
    }
    this.#due.delete(item);
    this.#due.set(item, performance.now() + this.#lingerMs);
    this.#arm();
  }

  /** Takes an item back: it is needed again, or gone. */
  remove(item: Item): void {
    this.#due.delete(item);
    if (this.#due.size === 0) this.#disarm();
  }

  /** Expires everything now. */
  expireAll(): void {
    this.#disarm();
    const items = [...this.#due.keys()];
    this.#due.clear();
    for (const item of items) this.#expire(item);
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [item, due] of this.#due) {
      if (due > now) break;
      this.#due.delete(item);
      this.#expire(item);
    }
    this.#arm();
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    const [oldest] = this.#due.values();
    if (oldest === undefined) return;
    const grain = Math.min(this.#lingerMs / SWEEP_SHARE, LONGEST_SWEEP_MS);
    const wait = Math.max(oldest - performance.now(), grain);
    this.#timer = setTimeout(() => this.#sweep(), Math.ceil(wait)).unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
