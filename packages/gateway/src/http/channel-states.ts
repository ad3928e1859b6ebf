import type { Position } from "@tidegate/protocol";

/** One channel or pattern of the namespace, as the order sees it. */
export interface OrderedChannel {
  /** Up to where it is known to be complete, see `HeldChannel.checkpoint`; delivers first what is held back for this turn. */
  position(): Position | undefined;
  /** Delivers what is held back for this turn. */
  serve(): void;
  /** Finds out whether it is complete up to there, and calls `done`, perhaps before it returns. */
  prove(place: Position, done: () => void): void;
  /**
   * Delivers nothing more: what lies behind the mark is to be read piece by piece, whether it was delivered before or not.
   *
   * @param late what was delivered, lies before the mark, and is to be read all the same.
   * @returns the sequence from which on it is read.
   */
  fallBehind(mark: Position, late: readonly number[]): number;
}

/** Where a channel stands. */
export interface ChannelState {
  /** Of the stream that it was last placed in; `undefined` before it has joined. */
  epoch: string | undefined;
  /** Messages may be missing behind the last one delivered. */
  isRepaired: boolean;
  /** It has fallen behind, and was read up to here; `undefined`: it delivers. */
  readTo: number | undefined;
}

/** Where the channels of one namespace stand that one client reads by one cursor. */
export class ChannelStates<Channel extends OrderedChannel> {
  readonly #states = new Map<Channel, ChannelState>();

  get size(): number {
    return this.#states.size;
  }

  /** A channel that has not joined yet. */
  add(channel: Channel): void {
    this.#states.set(channel, { epoch: undefined, isRepaired: false, readTo: undefined });
  }

  get(channel: Channel): ChannelState | undefined {
    return this.#states.get(channel);
  }

  channels(): Iterable<Channel> {
    return this.#states.keys();
  }

  entries(): Iterable<readonly [Channel, ChannelState]> {
    return this.#states;
  }

  get haveJoined(): boolean {
    for (const { epoch } of this.#states.values()) {
      if (epoch === undefined) {
        return false;
      }
    }
    return true;
  }

  areOf(epoch: string | undefined): boolean {
    for (const { epoch: own } of this.#states.values()) {
      if (own === undefined || own !== epoch) {
        return false;
      }
    }
    return true;
  }

  /** Whether messages are being looked for of any of them. */
  get areRepaired(): boolean {
    for (const { isRepaired } of this.#states.values()) {
      if (isRepaired) {
        return true;
      }
    }
    return false;
  }

  /** Up to where all that have fallen behind have been read; infinite if none has. */
  get lowestRead(): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const { readTo } of this.#states.values()) {
      lowest = Math.min(lowest, readTo ?? Number.POSITIVE_INFINITY);
    }
    return lowest;
  }

  /** The one of which the least has been read; `undefined` if none has fallen behind. */
  get leastRead(): Channel | undefined {
    const lowest = this.lowestRead;
    for (const [channel, { readTo }] of this.#states) {
      if (readTo === lowest) {
        return channel;
      }
    }
    return undefined;
  }

  /** Up to where all of them are known to be complete in this epoch, or have been read. */
  completeIn(epoch: string | undefined): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const [channel, state] of this.#states) {
      // Asking delivers, and so may be the moment at which it falls behind.
      const position = channel.position();
      if (state.readTo === undefined) {
        lowest = Math.min(lowest, position?.epoch === epoch ? (position?.sequence ?? 0) : 0);
      }
    }
    return Math.min(lowest, this.lowestRead);
  }
}
