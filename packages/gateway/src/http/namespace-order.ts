import type { Position } from "@tidegate/protocol";

/** Something that may have a place in the stream of a namespace. */
export interface Placed {
  /** 0 for a notice, which goes before all that is held: no mark may move past what it tells. */
  readonly sequence: number;
}

/** One channel or pattern of the namespace, as the order sees it. */
export interface OrderedChannel {
  /** Up to where it is known to be complete, see `HeldChannel.checkpoint`; delivers first what is held back for this turn. */
  position(): Position | undefined;
  /** Delivers what is held back for this turn. */
  serve(): void;
  /** Finds out whether it is complete up to there, and calls `done`, perhaps before it returns. */
  prove(place: Position, done: () => void): void;
}

interface ChannelState {
  /** Of the stream that it was last placed in; `undefined` before it has joined. */
  epoch: string | undefined;
  /** Messages may be missing behind the last one delivered. */
  behind: boolean;
}

/** How a channel came to stand. */
export interface JoinedFrom {
  /** The place that it was resumed from: the client has everything up to it already. */
  readonly since?: number;
  /** What is replayed was read from the stream, and so may be ahead of what reaches the node by itself. */
  readonly ahead?: boolean;
}

/**
 * - `waiting`: a channel has not joined, is behind, or is in another epoch than the rest. Everything is held.
 * - `settling`: all stand, but something that was read ahead is beyond what is known to be complete of all of them. They are asked
 *   to find out, and what is held is let go as they become complete, until they are up to the barrier.
 * - `steady`: what comes is let go, in order within each turn.
 */
type State = "waiting" | "settling" | "steady";

/** So many are sorted by insertion. */
const MOST_INSERTED = 64;

/** Gets what is let go. */
export interface OrderOwner<Item> {
  /**
   * These come next, in the order of the stream.
   *
   * @param mark up to where everything had been let go before.
   */
  release(items: readonly Item[], mark: number): void;
  /** Something is held for the end of this turn: call {@link NamespaceOrder.flush} then. */
  flushLater(): void;
  /** It settles: call {@link NamespaceOrder.flush} now and then until it does not, in case that nobody finds anything out. */
  settling(): void;
}

/**
 * Puts the messages of several channels of one namespace, which one client reads by one cursor, into the order of the
 * stream: whatever has been let go up to the mark, nothing before the mark is still to come. In a
 * steady state that rests on the messages of a stream reaching the node in order, whatever their channels.
 */
export class NamespaceOrder<Item extends Placed> {
  readonly #owner: OrderOwner<Item>;
  readonly #channels = new Map<OrderedChannel, ChannelState>();
  #state: State = "waiting";
  /** Place of the last that was read ahead. */
  #barrier = 0;
  /** The barrier that the channels were asked to prove. */
  #asked = 0;
  #begun = false;
  #epoch: string | undefined;
  #mark = 0;
  #held: Item[] = [];

  constructor(owner: OrderOwner<Item>) {
    this.#owner = owner;
  }

  /** Held items, those that are only held for the end of this turn included. */
  get heldCount(): number {
    return this.#held.length;
  }

  get isSteady(): boolean {
    return this.#state === "steady";
  }

  get isSettling(): boolean {
    return this.#state === "settling";
  }

  /** Everything up to here has been let go, and nothing behind it; `undefined` while there is no such place. */
  get mark(): Position | undefined {
    const epoch = this.#epoch;
    return epoch === undefined || !this.#isOfOneEpoch() ? undefined : { epoch, sequence: this.#mark };
  }

  /** A channel that will join. All have to be added first. */
  add(channel: OrderedChannel): void {
    this.#channels.set(channel, { epoch: undefined, behind: false });
  }

  /** Whether all channels have joined: {@link begin} can be called. */
  get hasJoined(): boolean {
    for (const { epoch } of this.#channels.values()) {
      if (epoch === undefined) {
        return false;
      }
    }
    return true;
  }

  /**
   * A channel stands.
   *
   * @param items what comes before everything that will be delivered: what is replayed, or a notice.
   */
  joined(
    channel: OrderedChannel,
    epoch: string,
    items: readonly Item[],
    { since = 0, ahead = false }: JoinedFrom = {},
  ): void {
    this.#place(channel, epoch, items);
    this.#mark = Math.max(this.#mark, since);
    if (ahead) {
      this.#barrier = Math.max(this.#barrier, highestOf(items));
    }
  }

  /** A channel goes on somewhere else, perhaps in another epoch. */
  reset(channel: OrderedChannel, epoch: string, notice: Item): void {
    this.#place(channel, epoch, [notice]);
  }

  /** A channel has messages, in the order of the stream. */
  deliver(channel: OrderedChannel, items: readonly Item[]): void {
    if (this.#state === "steady" && this.#channels.size === 1) {
      this.#let(items);
      return;
    }
    if (this.#channels.get(channel)?.epoch !== this.#epoch) {
      // Of a stream that is gone. It has no place in the order any more, but is not lost either.
      this.#owner.release(items, Number.POSITIVE_INFINITY);
      return;
    }
    this.#hold(items);
    if (this.#state === "steady") {
      this.#owner.flushLater();
    }
  }

  /** Messages of a channel are being looked for, or have been found and delivered. */
  catchingUp(channel: OrderedChannel, active: boolean): void {
    const state = this.#channels.get(channel);
    if (state !== undefined && state.behind !== active) {
      state.behind = active;
      if (!active) {
        // What was missing has been read from the stream.
        this.#barrier = Math.max(this.#barrier, highestOf(this.#held));
      }
      this.#settle();
    }
  }

  /** Finds the first {@link mark}. Call it when all have joined, of all namespaces before the first of them begins. */
  prepare(): void {
    this.#raiseMark(this.#complete());
  }

  /** From here on, what can be let go is; nothing has been before. */
  begin(): void {
    this.#begun = true;
    this.#settle();
  }

  /** Lets go what was held for the end of the turn, or what has become complete. Call it now and then while settling. */
  flush(): void {
    switch (this.#state) {
      case "waiting":
        return;
      case "settling":
        this.#advance();
        return;
      case "steady":
        // A channel with many subscribers is flushed in slices: what stands before what is held may not have been delivered yet.
        for (const channel of this.#channels.keys()) {
          channel.serve();
        }
        this.#letGoUpTo(Number.POSITIVE_INFINITY);
        return;
    }
  }

  /** The mark, after moving it as far as the channels are known to be complete. Lets go what comes before. */
  checkpoint(): Position | undefined {
    if (this.#state !== "waiting") {
      const complete = this.#complete();
      this.flush();
      this.#mark = Math.max(this.#mark, complete);
    }
    return this.mark;
  }

  #place(channel: OrderedChannel, epoch: string, items: readonly Item[]): void {
    const state = this.#channels.get(channel);
    if (state === undefined) {
      return;
    }
    if (this.#epoch !== undefined && this.#epoch !== epoch) {
      // Another stream: places in it do not compare with those in the old one.
      this.#letGoUpTo(Number.POSITIVE_INFINITY);
      this.#mark = 0;
      this.#barrier = 0;
      this.#asked = 0;
    }
    this.#epoch = epoch;
    state.epoch = epoch;
    this.#hold(items);
    this.#settle();
  }

  #settle(): void {
    this.#state = "waiting";
    if (!this.#begun || !this.#isOfOneEpoch()) {
      return;
    }
    for (const { behind } of this.#channels.values()) {
      if (behind) {
        return;
      }
    }
    this.#advance();
  }

  #advance(): void {
    const complete = this.#complete();
    this.#raiseMark(complete);
    if (complete >= this.#barrier) {
      this.#state = "steady";
      this.#letGoUpTo(Number.POSITIVE_INFINITY);
      this.#mark = Math.max(this.#mark, complete);
      return;
    }
    this.#state = "settling";
    this.#letGoUpTo(complete);
    this.#mark = Math.max(this.#mark, complete);
    this.#owner.settling();
    this.#askForProof();
  }

  /** Each channel that is not known to have come to the barrier, once. */
  #askForProof(): void {
    const epoch = this.#epoch;
    const barrier = this.#barrier;
    if (epoch === undefined || this.#asked >= barrier) {
      return;
    }
    this.#asked = barrier;
    for (const channel of [...this.#channels.keys()]) {
      if ((channel.position()?.sequence ?? 0) < barrier) {
        channel.prove({ epoch, sequence: barrier }, () => this.flush());
      }
    }
  }

  /** As far as nothing is held that comes before. */
  #raiseMark(complete: number): void {
    let first = Number.POSITIVE_INFINITY;
    for (const { sequence } of this.#held) {
      first = sequence > 0 ? Math.min(first, sequence) : first;
    }
    this.#mark = Math.max(this.#mark, Math.min(complete, first - 1));
  }

  /** Up to where all channels are known to be complete. */
  #complete(): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const channel of this.#channels.keys()) {
      const position = channel.position();
      lowest = Math.min(lowest, position?.epoch === this.#epoch ? (position?.sequence ?? 0) : 0);
    }
    return lowest;
  }

  #isOfOneEpoch(): boolean {
    for (const { epoch } of this.#channels.values()) {
      if (epoch === undefined || epoch !== this.#epoch) {
        return false;
      }
    }
    return true;
  }

  #hold(items: readonly Item[]): void {
    for (const item of items) {
      this.#held.push(item);
    }
  }

  #letGoUpTo(sequence: number): void {
    if (this.#held.length === 0) {
      return;
    }
    // Stable: a message that two patterns brought stays in the order of their delivery.
    const sorted = sortBySequence(this.#held);
    const count = countUpTo(sorted, sequence);
    this.#held = sorted.slice(count);
    if (count > 0) {
      this.#let(sorted.slice(0, count));
    }
  }

  #let(items: readonly Item[]): void {
    const before = this.#mark;
    this.#mark = Math.max(before, items.at(-1)?.sequence ?? 0);
    this.#owner.release(items, before);
  }
}

/** In place, and stable. Few by insertion: they came nearly so, and what an array has for it copies them twice. */
function sortBySequence<Item extends Placed>(items: Item[]): readonly Item[] {
  if (items.length > MOST_INSERTED) {
    return items.sort((a, b) => a.sequence - b.sequence);
  }
  for (let end = 1; end < items.length; end += 1) {
    const item = items[end];
    if (item === undefined) {
      break;
    }
    let at = end;
    for (; at > 0; at -= 1) {
      const before = items[at - 1];
      if (before === undefined || before.sequence <= item.sequence) {
        break;
      }
      items[at] = before;
    }
    items[at] = item;
  }
  return items;
}

/** How many of them, in order, are not behind it. */
function countUpTo(items: readonly Placed[], sequence: number): number {
  let count = items.length;
  for (; count > 0; count -= 1) {
    const last = items[count - 1];
    if (last !== undefined && last.sequence <= sequence) {
      break;
    }
  }
  return count;
}

function highestOf(items: readonly Placed[]): number {
  return items.reduce((highest, { sequence }) => Math.max(highest, sequence), 0);
}
