/** What the budget knows of a ring. */
export interface Evictable {
  /** Messages in it. */
  readonly size: number;
  /** Drops the oldest message. @returns what it cost. */
  evict(): number;
}

/** Turns that no longer stand for a message are cleared away when they are this many and half of all. */
const COMPACT_AT = 1_024;

/**
 * Bytes that all rings of a node may hold together. Over it, the message that was added first gives way, in whichever ring: so
 * all rings reach back about equally long in time, however busy their channels are.
 */
export class RingBudget {
  readonly #limit: number;
  #used = 0;
  /** One turn for each message, in the order in which they were added: the ring whose oldest message is next to go. */
  #turns: Evictable[] = [];
  #head = 0;
  /** Turns by ring whose message has gone already. */
  readonly #spent = new Map<Evictable, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get usedBytes(): number {
    return this.#used;
  }

  added(ring: Evictable, cost: number): void {
    this.#turns.push(ring);
    this.#used += cost;
    while (this.#used > this.#limit && this.#head < this.#turns.length) this.#evictOne();
  }

  /** A ring gave up its oldest message by itself. */
  removedEarly(ring: Evictable, cost: number): void {
    this.#used -= cost;
    this.#spent.set(ring, (this.#spent.get(ring) ?? 0) + 1);
    if (ring.size === 0) this.#clearAway(ring);
  }

  #evictOne(): void {
    const ring = this.#turns[this.#head];
    this.#head += 1;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#turns.length) this.#compact();
    if (ring === undefined) return;
    const spent = this.#spent.get(ring) ?? 0;
    if (spent === 0) this.#used -= ring.evict();
    else if (spent === 1) this.#spent.delete(ring);
    else this.#spent.set(ring, spent - 1);
  }

  /** Without this, the rings of channels that nobody wants any more would be kept by their turns. */
  #clearAway(ring: Evictable): void {
    const spent = this.#spent.get(ring) ?? 0;
    if (spent < COMPACT_AT && spent * 2 < this.#turns.length - this.#head) return;
    this.#compact();
  }

  #compact(): void {
    const turns: Evictable[] = [];
    for (let index = this.#head; index < this.#turns.length; index++) {
      const ring = this.#turns[index];
      if (ring === undefined) continue;
      const spent = this.#spent.get(ring) ?? 0;
      if (spent === 0) turns.push(ring);
      else if (spent === 1) this.#spent.delete(ring);
      else this.#spent.set(ring, spent - 1);
    }
    this.#turns = turns;
    this.#head = 0;
  }
}
