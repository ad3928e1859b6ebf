import type { Position } from "@tidegate/protocol";
import { ChannelStates, type OrderedChannel } from "./channel-states.ts";

/** Something that may have a place in the stream of a namespace. */
export interface Placed {
  /** 0 for a notice, which goes before all that is held: no mark may move past what it tells. */
  readonly sequence: number;
}

/** Something that was delivered although newer things have been let go. */
interface Stray<Channel> {
  readonly channel: Channel;
  readonly sequence: number;
}

/** How a channel came to stand. */
export interface JoinedFrom {
  /** The place that it was resumed from: the client has everything up to it already. */
  readonly since?: number;
  /** What is replayed was read from the stream, and so may be ahead of what reaches the node by itself. */
  readonly ahead?: boolean;
}

/**
 * - `waiting`: a channel has not joined, is being repaired, or is in another epoch than the rest. Everything is held.
 * - `falling`: its channels fall behind, all in one call.
 * - `reading`: channels have fallen behind. What is read of the one that is {@link NamespaceOrder.next} can be let go.
 * - `settling`: all stand, but something that was read ahead is beyond what is known to be complete of all of them. They are asked
 *   to find out, and what is held is let go as they become complete, until they are up to the barrier.
 * - `steady`: what comes is let go, in order within each turn.
 */
type State = "waiting" | "falling" | "reading" | "settling" | "steady";

/** So many are sorted by insertion. */
const MOST_INSERTED = 64;

/** Gets what is let go. */
export interface OrderOwner<Item> {
  /**
   * These come next, in the order of the stream.
   *
   * @param mark up to where everything had been let go before.
   * @param must they cannot be had again.
   * @returns false if none of them was taken: then all channels fall behind.
   */
  release(items: readonly Item[], mark: number, must: boolean): boolean;
  /** All channels have fallen behind the mark. */
  fellBehind(): void;
  /** {@link NamespaceOrder.next} has one that is to be read. */
  readable(): void;
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
export class NamespaceOrder<Item extends Placed, Channel extends OrderedChannel = OrderedChannel> {
  readonly #owner: OrderOwner<Item>;
  readonly #channels = new ChannelStates<Channel>();
  #state: State = "waiting";
  /** Place of the last that was read ahead. */
  #barrier = 0;
  /** The barrier that the channels were asked to prove. */
  #asked = 0;
  #begun = false;
  #epoch: string | undefined;
  #mark = 0;
  #held: Item[] = [];
  /** Of what is held. */
  #strays: Stray<Channel>[] = [];
  /** What is held has been read at the expense of whoever fell behind: it is not given up for lack of room. */
  #isCatchingUp = false;

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

  /** Channels in all. */
  get size(): number {
    return this.#channels.size;
  }

  /** Whether channels have fallen behind and do not deliver yet. */
  get isBehind(): boolean {
    return this.#channels.lowestRead !== Number.POSITIVE_INFINITY;
  }

  /** The one that has to be read before more can be let go; `undefined` if something else has to come before. */
  get next(): Channel | undefined {
    return this.#state === "reading" ? this.#channels.leastRead : undefined;
  }

  /** Everything up to here has been let go, and nothing behind it; `undefined` while there is no such place. */
  get mark(): Position | undefined {
    const epoch = this.#epoch;
    return epoch === undefined || !this.#channels.areOf(this.#epoch)
      ? undefined
      : { epoch, sequence: this.#mark };
  }

  /** A channel that will join. All have to be added first. */
  add(channel: Channel): void {
    this.#channels.add(channel);
  }

  /** Whether all channels have joined: {@link begin} can be called. */
  get hasJoined(): boolean {
    return this.#channels.haveJoined;
  }

  /**
   * A channel stands.
   *
   * @param items what comes before everything that will be delivered: what is replayed, or a notice.
   */
  joined(
    channel: Channel,
    epoch: string,
    items: readonly Item[],
    { since = 0, ahead = false }: JoinedFrom = {},
  ): void {
    this.#place(channel, epoch, items, undefined);
    this.#mark = Math.max(this.#mark, since);
    if (ahead) {
      this.#barrier = Math.max(this.#barrier, highestOf(items));
    }
  }

  /** A channel goes on somewhere else, perhaps in another epoch. */
  reset(channel: Channel, { epoch, sequence }: Position, notice: Item): void {
    this.#place(channel, epoch, [notice], sequence);
  }

  /** A channel has messages, in the order of the stream. */
  deliver(channel: Channel, items: readonly Item[]): void {
    if (this.#state === "steady" && this.#channels.size === 1) {
      if (!this.#let(items)) {
        this.#noteStrays(channel, items);
        this.#fallBehind();
      }
      return;
    }
    if (this.#channels.get(channel)?.epoch !== this.#epoch) {
      // Of a stream that is gone. It has no place in the order any more, but is not lost either.
      this.#owner.release(items, Number.POSITIVE_INFINITY, true);
      return;
    }
    this.#hold(items);
    this.#noteStrays(channel, items);
    if (this.#state === "steady") {
      this.#owner.flushLater();
    }
  }

  /** Messages of a channel are being looked for, or have been found and delivered. */
  catchingUp(channel: Channel, active: boolean): void {
    const state = this.#channels.get(channel);
    if (state !== undefined && state.isRepaired !== active) {
      state.isRepaired = active;
      if (!active) {
        // What was missing has been read from the stream.
        this.#barrier = Math.max(this.#barrier, highestOf(this.#held));
      }
      this.#settle();
    }
  }

  /**
   * Gives up what is held, to have it read again; false if there is no place to read from. Those that had fallen behind before are
   * read anew, too.
   */
  fallBehind(): boolean {
    if (this.#state === "falling") {
      return true;
    }
    const canBeRead = this.#begun && this.#channels.areOf(this.#epoch);
    if (canBeRead) {
      this.#fallBehind();
    }
    return canBeRead;
  }

  /**
   * A piece of a channel that has fallen behind.
   *
   * @param upTo sequence up to which it has been read.
   * @param delivers there was no more: what it delivers from now on comes right behind.
   */
  read(channel: Channel, items: readonly Item[], upTo: number, delivers: boolean): void {
    const state = this.#channels.get(channel);
    if (state?.readTo === undefined || this.#state === "falling") {
      return;
    }
    state.readTo = delivers ? undefined : Math.max(state.readTo, upTo);
    this.#hold(items);
    this.#noteStrays(channel, items);
    if (this.#channels.size > 1) {
      this.#barrier = Math.max(this.#barrier, highestOf(this.#held));
    }
    this.#settleAlone();
    this.#settle();
  }

  /** Finds the first {@link mark}. Call it when all have joined, of all namespaces before the first of them begins. */
  prepare(): void {
    const complete = this.#channels.completeIn(this.#epoch);
    // What other namespaces let go first carries this mark, which must not get to the client without the notice.
    if (!this.#hasNotice) {
      this.#raiseMark(complete);
    }
  }

  /** From here on, what can be let go is; nothing has been before. */
  begin(): void {
    this.#begun = true;
    this.#settleAlone();
    this.#settle();
  }

  /** Lets go what was held for the end of the turn, or what has become complete. Call it now and then while settling. */
  flush(): void {
    switch (this.#state) {
      case "waiting":
      case "falling":
        return;
      case "reading":
      case "settling":
        this.#advance();
        return;
      case "steady":
        // A channel with many subscribers is flushed in slices: what stands before what is held may not have been delivered yet.
        for (const channel of this.#channels.channels()) {
          channel.serve();
        }
        this.#letGoUpTo(Number.POSITIVE_INFINITY);
        return;
    }
  }

  /** The mark, after moving it as far as the channels are known to be complete. Lets go what comes before. */
  checkpoint(): Position | undefined {
    if (this.#state !== "waiting" && this.#state !== "falling") {
      const complete = this.#channels.completeIn(this.#epoch);
      this.flush();
      // They may have fallen behind meanwhile.
      this.#mark = Math.max(this.#mark, Math.min(complete, this.#channels.lowestRead));
    }
    return this.mark;
  }

  /** @param sequence from which on it is read, if it has fallen behind. */
  #place(channel: Channel, epoch: string, items: readonly Item[], sequence: number | undefined): void {
    const state = this.#channels.get(channel);
    if (state === undefined) {
      return;
    }
    if (this.#epoch !== undefined && this.#epoch !== epoch) {
      // Another stream: places in it do not compare with those in the old one, nor can anything be read of that again.
      this.#isCatchingUp = true;
      this.#letGoUpTo(Number.POSITIVE_INFINITY);
      this.#mark = 0;
      this.#barrier = 0;
      this.#asked = 0;
    }
    this.#epoch = epoch;
    state.epoch = epoch;
    if (state.readTo !== undefined) {
      state.readTo = sequence;
    }
    this.#hold(items);
    this.#settle();
  }

  get #hasNotice(): boolean {
    return this.#held.some(({ sequence }) => sequence === 0);
  }

  /** What was read for the only channel comes before everything that is being looked for. */
  #settleAlone(): void {
    if (this.#channels.size === 1 && this.#begun && this.#channels.areOf(this.#epoch)) {
      this.#advance();
    }
  }

  #settle(): void {
    this.#state = "waiting";
    if (!this.#begun || !this.#channels.areOf(this.#epoch)) {
      return;
    }
    if (this.#channels.areRepaired) {
      if (this.#hasNotice) {
        // The mark stands behind what a notice tells: it must not get to the client without it.
        this.#raiseMark(this.#channels.completeIn(this.#epoch));
        this.#letGoUpTo(0);
      }
      return;
    }
    this.#advance();
  }

  #advance(): void {
    const complete = this.#channels.completeIn(this.#epoch);
    this.#raiseMark(complete);
    const lowestRead = this.#channels.lowestRead;
    const isSteady = complete >= this.#barrier && lowestRead === Number.POSITIVE_INFINITY;
    const isReading = lowestRead <= Math.max(complete, this.#mark);
    this.#state = isSteady ? "steady" : isReading ? "reading" : "settling";
    const letGo = this.#letGoUpTo(isSteady ? Number.POSITIVE_INFINITY : complete);
    if (!letGo) {
      return;
    }
    this.#mark = Math.max(this.#mark, complete);
    switch (this.#state) {
      case "steady":
        this.#isCatchingUp = false;
        return;
      case "reading":
        this.#owner.readable();
        return;
      default:
        if (lowestRead !== Number.POSITIVE_INFINITY) {
          // As far as one was read, the others are to be found complete.
          this.#barrier = Math.max(this.#barrier, lowestRead);
        }
        this.#owner.settling();
        this.#askForProof();
    }
  }

  /** Nothing that is held was taken. */
  #fallBehind(): void {
    this.#state = "falling";
    // What is on its way would be delivered to nobody.
    for (const channel of this.#channels.channels()) {
      channel.serve();
    }
    const strays = this.#strays;
    const mark = { epoch: this.#epoch ?? "", sequence: this.#mark };
    this.#strays = [];
    this.#held = this.#held.filter(({ sequence }) => sequence === 0);
    this.#isCatchingUp = true;
    for (const [, state] of this.#channels.entries()) {
      state.isRepaired = false;
      state.readTo = Math.min(state.readTo ?? Number.POSITIVE_INFINITY, mark.sequence);
    }
    for (const [channel, state] of this.#channels.entries()) {
      const late = strays.flatMap((stray) => (stray.channel === channel ? [stray.sequence] : []));
      state.readTo = channel.fallBehind(mark, late);
    }
    this.#owner.fellBehind();
    this.#settle();
  }

  /** Each channel that is not known to have come to the barrier, once. */
  #askForProof(): void {
    const epoch = this.#epoch;
    const barrier = this.#barrier;
    if (epoch === undefined || this.#asked >= barrier) {
      return;
    }
    this.#asked = barrier;
    for (const channel of [...this.#channels.channels()]) {
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

  #hold(items: readonly Item[]): void {
    for (const item of items) {
      this.#held.push(item);
    }
  }

  /** Notes which of them come late. */
  #noteStrays(channel: Channel, items: readonly Item[]): void {
    for (let index = 0; index < items.length; index += 1) {
      const sequence = items[index]?.sequence ?? 0;
      if (sequence > 0 && sequence <= this.#mark) {
        this.#strays.push({ channel, sequence });
      }
    }
  }

  /** False if they were not taken, and all channels have fallen behind. */
  #letGoUpTo(sequence: number): boolean {
    if (this.#held.length === 0) {
      return true;
    }
    // Stable: a message that two patterns brought stays in the order of their delivery.
    const sorted = sortBySequence(this.#held);
    const count = countUpTo(sorted, sequence);
    this.#held = sorted.slice(count);
    if (count > 0 && !this.#let(sorted.slice(0, count))) {
      this.#fallBehind();
      return false;
    }
    return true;
  }

  /** False if they were not taken. */
  #let(items: readonly Item[]): boolean {
    const before = this.#mark;
    this.#mark = Math.max(before, items.at(-1)?.sequence ?? 0);
    // A notice is never told again.
    const must = this.#isCatchingUp || items[0]?.sequence === 0;
    if (!this.#owner.release(items, before, must) && !must) {
      this.#mark = before;
      return false;
    }
    if (this.#strays.length > 0) {
      const last = items.at(-1)?.sequence ?? 0;
      this.#strays = this.#strays.filter(({ sequence }) => sequence > last);
    }
    return true;
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
