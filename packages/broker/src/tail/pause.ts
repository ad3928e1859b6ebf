import type { Position } from "@tidegate/protocol";
import type { StoredMessage } from "../store/stored-message.ts";

/**
 * What one subscriber has of a channel or pattern while it does not listen: numbers only, however much it misses. Those of a
 * pattern that come late, since they were missing until now, are remembered one by one: no place in the stream is behind
 * everything that was delivered before them and before everything that was not.
 */
export class Pause {
  #epoch: string;
  /** Behind this it has to read on. */
  #place: number;
  /** Of what lies up to here it lacks only what came late. */
  #bound: number;
  #late: Set<number> | undefined;
  /** Where the read that is under way began. */
  #readFrom: number | undefined;

  /** @param place behind everything that it got, and before nothing of that which its listener was given by then. */
  constructor({ epoch, sequence }: Position) {
    this.#epoch = epoch;
    this.#place = sequence;
    this.#bound = sequence;
  }

  /** Up to here it lacks nothing but what came late. */
  get bound(): number {
    return this.#bound;
  }

  /** Messages that came late and are still to be read. */
  get lateMessages(): number {
    return this.#late?.size ?? 0;
  }

  /** The listener was given a message. */
  came(sequence: number): void {
    if (sequence > this.#bound) return;
    this.#late ??= new Set();
    this.#late.add(sequence);
    this.#place = Math.min(this.#place, sequence - 1);
  }

  /** Everything before was given up. */
  reset({ epoch, sequence }: Position): void {
    this.#epoch = epoch;
    this.#place = sequence;
    this.#bound = sequence;
    this.#late = undefined;
    this.#readFrom = undefined;
  }

  /** What was read behind `sequence` is lacking again. Nothing is being read. */
  rewind(sequence: number): void {
    const late = [...(this.#late ?? [])].filter((missing) => missing <= sequence);
    this.#place = sequence;
    this.#bound = sequence;
    this.#late = undefined;
    this.#readFrom = undefined;
    for (const missing of late) this.came(missing);
  }

  /** A read begins, behind the place that this returns. One at a time. */
  begin(): Position {
    this.#readFrom = this.#place;
    return { epoch: this.#epoch, sequence: this.#place };
  }

  /**
   * The read has brought these messages, which are all up to `upTo`. Returns those that are new; none if one that lies before them
   * came meanwhile, which has to be read first.
   */
  took(messages: readonly StoredMessage[], upTo: number): readonly StoredMessage[] {
    const from = this.#readFrom;
    this.#readFrom = undefined;
    if (from === undefined || this.#place < from) return [];
    const bound = this.#bound;
    const late = this.#late;
    const end = Math.max(upTo, messages.at(-1)?.sequence ?? 0);
    this.#bound = Math.max(bound, end);
    this.#place = end;
    if (late === undefined) {
      return from >= bound ? messages : messages.filter(({ sequence }) => sequence > bound);
    }
    const news = messages.filter(({ sequence }) => sequence > bound || late.has(sequence));
    for (const sequence of late) {
      if (sequence <= end) late.delete(sequence);
    }
    if (late.size === 0) this.#late = undefined;
    return news;
  }
}
