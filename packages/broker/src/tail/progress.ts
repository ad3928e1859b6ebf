/** How far a tail has delivered. Everything up to `floor` is delivered, whatever its channel. */
export interface Progress {
  readonly floor: number;
  /** Sequence up to which the channel is delivered; never less than `floor`. */
  known(channel: string): number;
  /** Newest message of the channel known to be delivered, 0 if none is. Nothing of the channel lies between it and `known`. */
  newest(channel: string): number;
  /** The highest sequence that was delivered or proven. */
  readonly highest: number;
  /** Channels of which more is known than the floor says. */
  readonly size: number;
  /** A message was delivered, or is known to be the newest of its channel below the floor. */
  advance(channel: string, sequence: number): void;
  /** Everything up to `sequence` is proven to be delivered. */
  raise(sequence: number): void;
  /** Forgets everything and goes on behind `sequence`. */
  reset(sequence: number): void;
}

/** Of a tail with one channel. */
export class ChannelProgress implements Progress {
  #floor = 0;
  #message = 0;

  get floor(): number {
    return this.#floor;
  }

  get highest(): number {
    return this.#floor;
  }

  get size(): number {
    return 0;
  }

  known(): number {
    return this.#floor;
  }

  newest(): number {
    return this.#message;
  }

  advance(_channel: string, sequence: number): void {
    if (sequence > this.#message) this.#message = sequence;
    if (sequence > this.#floor) this.#floor = sequence;
  }

  raise(sequence: number): void {
    if (sequence > this.#floor) this.#floor = sequence;
  }

  reset(sequence: number): void {
    this.#floor = sequence;
    this.#message = 0;
  }
}

/** Entries that the floor has overtaken are dropped when there are so many of all. */
const PRUNE_AT = 1_024;

/**
 * Of a tail with many channels. Sequences of a stream have no holes when they are given out, so a message right behind the
 * floor raises it: a pattern that catches its whole namespace proves itself.
 */
export class PatternProgress implements Progress {
  #floor = 0;
  #highest = 0;
  /** Everything in (`#runStart`, `#highest`] has been seen. */
  #runStart = 0;
  #pruneAt = PRUNE_AT;
  readonly #channels = new Map<string, number>();

  get floor(): number {
    return this.#floor;
  }

  get highest(): number {
    return this.#highest;
  }

  get size(): number {
    return this.#channels.size;
  }

  known(channel: string): number {
    const own = this.#channels.get(channel);
    return own !== undefined && own > this.#floor ? own : this.#floor;
  }

  newest(channel: string): number {
    return this.#channels.get(channel) ?? 0;
  }

  advance(channel: string, sequence: number): void {
    this.seen(sequence);
    if (sequence > (this.#channels.get(channel) ?? 0)) this.#channels.set(channel, sequence);
    if (this.#channels.size >= this.#pruneAt) this.#prune();
  }

  /** A sequence is accounted for: delivered, or not for anybody. */
  seen(sequence: number): void {
    if (sequence > this.#highest) {
      if (sequence !== this.#highest + 1) this.#runStart = sequence - 1;
      this.#highest = sequence;
    }
    if (this.#floor >= this.#runStart && this.#highest > this.#floor) this.#floor = this.#highest;
  }

  raise(sequence: number): void {
    if (sequence <= this.#floor) return;
    this.#floor = sequence;
    if (sequence > this.#highest) {
      this.#highest = sequence;
      this.#runStart = sequence;
    } else if (sequence >= this.#runStart) {
      this.#floor = this.#highest;
    }
    this.#prune();
  }

  reset(sequence: number): void {
    this.#floor = sequence;
    this.#highest = sequence;
    this.#runStart = sequence;
    this.#channels.clear();
  }

  #prune(): void {
    for (const [channel, sequence] of this.#channels) {
      if (sequence <= this.#floor) this.#channels.delete(channel);
    }
    this.#pruneAt = Math.max(PRUNE_AT, 2 * this.#channels.size);
  }
}
