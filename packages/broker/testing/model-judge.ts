import type { Position } from "@tidegate/protocol";
import type { StoredMessage } from "../src/store/stored-message.ts";
import type { Joined, JoinFrom } from "../src/tail/follow.ts";
import type { ModelEntry, ModelStream } from "./model-stream.ts";
import { matches, TICK } from "./model-stream.ts";

/** The promise was broken. */
export class BrokenPromise extends Error {}

/** What the judge looks at. */
export interface Accused {
  readonly filter: string;
  readonly stream: ModelStream;
  readonly position: Position | undefined;
  /** The highest sequence that the tail says to know of. */
  readonly highest: number;
}

/** What happened, for tests that must not be empty. */
export interface Tally {
  delivered: number;
  resumedRing: number;
  resumedStream: number;
  failed: number;
  readonly resets: Map<string, number>;
}

/**
 * Holds a tail to its promise: each message of a channel once and in order, none missing below the position, or a reset. Throws a
 * {@link BrokenPromise}.
 */
export class ModelJudge {
  readonly tally: Tally = { delivered: 0, resumedRing: 0, resumedStream: 0, failed: 0, resets: new Map() };
  readonly #accused: Accused;
  #catchingUp = false;
  /** Where the tail began, or was reset to. */
  #base = 0;
  #checkedUpTo = 0;
  readonly #channelNewest = new Map<string, number>();
  /** The stream has lost its end, and the tail may not know yet: only its reset or the final count can be judged. */
  #inLimbo = false;
  /** Sequences up to here have been given out twice, unless a reset has told of it. */
  #reusedUpTo = 0;

  constructor(accused: Accused) {
    this.#accused = accused;
  }

  started(): void {
    this.#rebase(this.#accused.position?.sequence ?? 0);
  }

  /** Another tail takes the place of one that could not begin. */
  restarted(): void {
    this.#catchingUp = false;
  }

  delivered(message: StoredMessage): void {
    this.tally.delivered += 1;
    const { channel, sequence } = message;
    if (!this.#isWanted(channel)) {
      throw new BrokenPromise(`${channel} was delivered to ${this.#accused.filter}`);
    }
    const newest = Math.max(this.#base, this.#channelNewest.get(channel) ?? 0);
    if (sequence <= newest) throw new BrokenPromise(`${channel} ${sequence} came after ${newest}`);
    this.#channelNewest.set(channel, sequence);
    const entry = this.#accused.stream.entries.find((candidate) => candidate.message === message);
    if (entry !== undefined) entry.delivered = true;
  }

  reset(reason: string, told: Position): void {
    this.#count(reason);
    this.#mustBePosition(told);
    this.#rebase(told.sequence);
  }

  catchingUp(active: boolean): void {
    if (active === this.#catchingUp) throw new BrokenPromise(`catching up was ${active} already`);
    this.#catchingUp = active;
  }

  /** The stream is about to have lost its end. */
  lost(): void {
    this.#inLimbo = true;
    this.#reusedUpTo = Math.max(this.#reusedUpTo, this.#accused.highest);
    this.#checkedUpTo = Math.min(this.#checkedUpTo, this.#accused.stream.lastSequence);
  }

  /** A message got to the tail: the one that the stream had before it must not be passed over. */
  arrived({ message, last }: ModelEntry): void {
    if (message.sequence > this.#known(message.channel)) this.#makeEvident(message.channel, last);
  }

  /** The tail was told what is newest. */
  toldHeads(heads: ReadonlyMap<string, number>): void {
    for (const [channel, head] of heads) this.#makeEvident(channel, head);
  }

  /** Looks whether everything up to the position has been delivered. */
  checkPosition(): void {
    const { position, stream } = this.#accused;
    if (position === undefined || position.epoch !== stream.epoch || this.#inLimbo) return;
    if (position.sequence > this.#checkedUpTo) this.#checkComplete(position.sequence);
  }

  /** Nothing is under way any more. */
  checkRest(): void {
    const { position, stream } = this.#accused;
    if (this.#catchingUp) throw new BrokenPromise("still catching up although nothing is under way");
    if (position?.epoch !== stream.epoch) throw new BrokenPromise("the tail follows a stream that is gone");
    this.#checkComplete(stream.lastSequence);
  }

  joined(from: JoinFrom, joined: Joined): void {
    if (joined.kind === "failed") {
      this.tally.failed += 1;
      return;
    }
    this.#mustBePosition(joined.position);
    if (joined.kind === "reset") {
      this.#count(joined.reason);
      return;
    }
    // What the tail has lost sight of, it will tell.
    const { epoch } = this.#accused.stream;
    if (joined.position.epoch !== epoch || this.#inLimbo) return;
    if (from.kind === "since") {
      this.#checkResumed(from.cursor.get(epoch), joined.messages);
      if (joined.source === "ring") this.tally.resumedRing += 1;
      if (joined.source === "stream") this.tally.resumedStream += 1;
    } else if (from.kind === "last") {
      this.#checkLast(from.count, joined.messages);
    } else if (joined.messages.length > 0) {
      throw new BrokenPromise("who joined now got messages");
    }
  }

  #count(reason: string): void {
    this.tally.resets.set(reason, (this.tally.resets.get(reason) ?? 0) + 1);
  }

  #mustBePosition(told: Position): void {
    const { position } = this.#accused;
    if (position?.epoch !== told.epoch || position.sequence !== told.sequence) {
      throw new BrokenPromise("somebody was told another position than the tail has");
    }
  }

  #rebase(sequence: number): void {
    this.#inLimbo = false;
    this.#reusedUpTo = 0;
    for (const entry of this.#accused.stream.entries) {
      if (entry.message.sequence > sequence) entry.delivered = false;
    }
    this.#base = sequence;
    this.#checkedUpTo = sequence;
    this.#channelNewest.clear();
  }

  /** Up to where the channel was delivered or declared so. */
  #known(channel: string): number {
    return Math.max(this.#accused.position?.sequence ?? 0, this.#channelNewest.get(channel) ?? 0);
  }

  #makeEvident(channel: string, wanted: number): void {
    const { position, stream } = this.#accused;
    if (position?.epoch !== stream.epoch || wanted <= this.#known(channel)) return;
    const entry = stream.entries.find(({ message }) => message.sequence === wanted);
    if (entry?.message.channel === channel) entry.isEvident = true;
  }

  #checkComplete(upTo: number): void {
    const from = this.#checkedUpTo;
    this.#checkedUpTo = Math.max(from, upTo);
    for (const entry of this.#accused.stream.entries) {
      const { sequence, channel } = entry.message;
      if (sequence <= from || sequence > upTo || entry.delivered) continue;
      if (!this.#isWanted(channel) || this.#isExcused(entry)) continue;
      throw new BrokenPromise(`${channel} ${sequence} is missing below ${this.#accused.position?.sequence}`);
    }
  }

  #isWanted(channel: string): boolean {
    return channel !== TICK && matches(this.#accused.filter, channel);
  }

  /**
   * Discarded by the stream while it was on its way, and nothing came that could have told of it: nobody can know that it
   * existed (the blind spot of RePublish). Or it got a sequence that the stream had given out before it lost its end, and has
   * grown past that again.
   */
  #isExcused({ lostWithLink, isEvident, stored, message }: ModelEntry): boolean {
    return message.sequence <= this.#reusedUpTo || !(lostWithLink || isEvident || stored);
  }

  /** What belongs before this moment: delivered, or declared so. */
  #past(): ModelEntry[] {
    const floor = this.#accused.position?.sequence ?? 0;
    return this.#accused.stream.entries.filter(
      ({ message, delivered }) => this.#isWanted(message.channel) && (delivered || message.sequence <= floor),
    );
  }

  #checkResumed(cursor: number | undefined, messages: readonly StoredMessage[]): void {
    if (cursor === undefined) throw new BrokenPromise("a foreign cursor was resumed from");
    let newest = cursor;
    for (const { sequence } of messages) {
      if (sequence <= newest) throw new BrokenPromise(`${sequence} was replayed after ${newest}`);
      newest = sequence;
    }
    const got = new Set(messages);
    for (const entry of this.#past()) {
      const { sequence, channel } = entry.message;
      if (sequence <= cursor || got.delete(entry.message) || this.#isExcused(entry)) continue;
      throw new BrokenPromise(`${channel} ${sequence} was not replayed from ${cursor}`);
    }
    for (const { sequence } of got) throw new BrokenPromise(`${sequence} was replayed too early`);
  }

  #checkLast(count: number, messages: readonly StoredMessage[]): void {
    if (messages.length > count) throw new BrokenPromise("more messages than asked for");
    const past = this.#past().filter(
      (entry) => entry.delivered || messages.includes(entry.message) || !this.#isExcused(entry),
    );
    const older = past.length - messages.length;
    if (past.slice(older).some(({ message }, index) => message !== messages[index])) {
      throw new BrokenPromise("not the newest messages");
    }
    if (messages.length < count && past.slice(0, older).some(({ stored }) => stored)) {
      throw new BrokenPromise("fewer messages than there are");
    }
  }
}
