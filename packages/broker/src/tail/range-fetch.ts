import type { BrokerError } from "../broker-error.ts";
import type { StoredMessage } from "../store/stored-message.ts";
import type { Batch, StreamState } from "../store/stream-reader.ts";
import { PatientReads } from "./patient-reads.ts";
import { costOf } from "./ring.ts";
import type { TailLimits } from "./tail-limits.ts";
import type { TailReads } from "./tail-reads.ts";
import type { TailRules } from "./tail-rules.ts";

/** What is wanted: all messages of `filter` behind `from`, at least up to `target`. */
export interface RangeSpec {
  /** Channel or pattern. */
  readonly filter: string;
  readonly isPattern: boolean;
  readonly epoch: string;
  readonly from: number;
  /** From which sequence on it matters whether anything is missing, if not from `from` on: the less has to be proven. */
  readonly wanted?: number;
  /** Time of the message at `from`, if there is one and it is known: it has to be the same still. */
  readonly fromTime?: number | undefined;
  readonly target: number;
  /** `target` is no message of the filter: where nothing more is stored, everything up to it has been read. */
  readonly targetIsBound: boolean;
  /**
   * - `from`: it matters whether anything is missing behind `from`.
   * - `oldest`: only from the oldest message on that is still stored.
   */
  readonly proof: "from" | "oldest";
  /**
   * More messages than may be replayed were found.
   *
   * @returns behind which sequence to go on instead; `stop` to be content with what was read; `give_up` without this function.
   */
  readonly onTooFar?: ((messages: readonly StoredMessage[]) => number | "stop" | "give_up") | undefined;
}

/**
 * - `fetched`: for cursors from `soundFrom` on it is proven that nothing is missing among `messages`, which are all up to `upTo`.
 * - `gone`: the target was stored once and is not any more.
 * - `moved`: the stream is another one than when the fetch began.
 * - `rewritten`: another message has the sequence of one that was delivered.
 */
export type RangeOutcome =
  | {
      readonly kind: "fetched";
      readonly messages: readonly StoredMessage[];
      readonly soundFrom: number;
      readonly upTo: number;
    }
  | { readonly kind: "gone" }
  | { readonly kind: "too_far" }
  | { readonly kind: "moved"; readonly state: StreamState }
  | { readonly kind: "rewritten" }
  | { readonly kind: "failed"; readonly error: BrokerError };

export interface RangeFetchParts {
  readonly reads: TailReads;
  readonly limits: TailLimits;
  readonly rules: TailRules;
}

/** Grows what is asked for when one message alone was larger. */
const LARGER = 8;
const MOST_BATCH_BYTES = 128 * 1024 * 1024;

/**
 * Reads a range of a stream page by page from replicas that may be behind, until its end has been seen, and finds out from where on
 * nothing can be missing. Retention discards the oldest messages first, so:
 *
 * - a message that is still stored proves that nothing behind it was discarded. Of one channel, each page begins with the last
 *   message of the page before, so the proof holds from page to page;
 * - else the oldest sequence of the stream, asked for after the last page, tells what age and size discarded, and a page that,
 *   with all that lay behind it, holds fewer messages than a channel may keep has lost none to that limit.
 */
export class RangeFetch {
  readonly #parts: RangeFetchParts;
  readonly #spec: RangeSpec;
  readonly #reads: PatientReads;
  readonly #done: (outcome: RangeOutcome) => void;
  #from: number;
  #target: number;
  #messages: StoredMessage[] = [];
  #bytes = 0;
  /** Newest sequence seen; 0 before the first. */
  #last = 0;
  /** The message at `#from` has been seen, and every page since hung together. */
  #anchored = false;
  /** Messages were discarded while reading: those of earlier pages were given up, and counting proves nothing. */
  #torn = false;
  /** Most messages that a page held together with all that lay behind it; of one channel the first page alone counts. */
  #fullest = 0;
  /** A channel of the pattern may be full: everything up to the end has to be counted. */
  #countsAll = false;
  /** It was too much, and the end was not seen. */
  #stopped = false;
  #batchBytes: number;

  constructor(parts: RangeFetchParts, spec: RangeSpec, done: (outcome: RangeOutcome) => void) {
    this.#parts = parts;
    this.#spec = spec;
    this.#done = done;
    this.#reads = new PatientReads(parts.reads, (error) => done({ kind: "failed", error }));
    this.#from = spec.from;
    this.#target = spec.target;
    this.#batchBytes = parts.limits.batchBytes;
  }

  get target(): number {
    return this.#target;
  }

  start(): void {
    if (this.#target <= this.#from) this.#prove();
    else this.#read();
  }

  /** More is known to be there. */
  extend(target: number): void {
    if (target > this.#target) this.#target = target;
  }

  /** What is still on its way is ignored. */
  cancel(): void {
    this.#reads.end();
  }

  #read(): void {
    const { filter } = this.#spec;
    // The last message again, to see that it is still there, and that this replica has come so far.
    const cursor = this.#last === 0 ? this.#from : this.#last;
    const { batchMessages } = this.#parts.limits;
    this.#reads.ask<Batch>(
      (reads, answer) => reads.batch(filter, cursor, batchMessages, this.#batchBytes, answer),
      (batch) => this.#take(batch),
    );
  }

  #take({ messages, exhausted, pending }: Batch): void {
    const before = this.#last;
    if (this.#isRewritten(messages[0])) {
      this.#finish({ kind: "rewritten" });
      return;
    }
    if (before === 0 || this.#spec.isPattern)
      this.#fullest = Math.max(this.#fullest, messages.length + pending);
    this.#hangTogether(messages[0]);
    for (const message of messages) this.#add(message);
    if (!this.#fits()) return;
    if (this.#last > before) {
      this.#batchBytes = this.#parts.limits.batchBytes;
    } else if (!exhausted) {
      this.#batchBytes = Math.min(this.#batchBytes * LARGER, MOST_BATCH_BYTES);
    }
    const { rules } = this.#parts;
    if (this.#last >= this.#target && !this.#countsAll) this.#prove();
    else if (!exhausted) this.#read();
    else if (rules.trustsAbsence) this.#prove();
    else this.#readBeyondReplica();
  }

  #isRewritten(first: StoredMessage | undefined): boolean {
    const { from, fromTime } = this.#spec;
    return fromTime !== undefined && first?.sequence === from && first.time !== fromTime;
  }

  /** Looks whether the page begins with the message it has to, for the proof to hold. */
  #hangTogether(first: StoredMessage | undefined): void {
    if (first === undefined) return;
    if (this.#last === 0) {
      this.#anchored = first.sequence === this.#from;
    } else if (this.#spec.isPattern) {
      // Only a page that begins with it shows that it was still there.
      this.#anchored = false;
    } else if (first.sequence !== this.#last) {
      this.#tear();
    }
  }

  #tear(): void {
    this.#torn = true;
    this.#anchored = false;
    this.#messages = [];
    this.#bytes = 0;
  }

  #add(message: StoredMessage): void {
    const { sequence } = message;
    if (sequence <= this.#last || sequence < this.#from) return;
    this.#last = sequence;
    if (sequence === this.#from) return;
    this.#messages.push(message);
    this.#bytes += costOf(message);
  }

  /** Whether what was found is still within bounds, perhaps after going on with less. */
  #fits(): boolean {
    const { limits } = this.#parts;
    while (this.#messages.length > limits.replayMessages || this.#bytes > limits.replayBytes) {
      const wish = this.#spec.onTooFar?.(this.#messages) ?? "give_up";
      if (wish === "give_up" || (wish !== "stop" && wish <= this.#from)) {
        this.#finish({ kind: "too_far" });
        return false;
      }
      if (wish === "stop") this.#target = Math.min(this.#target, this.#last);
      else this.#skipTo(wish);
      if (wish === "stop" || this.#target <= wish) {
        this.#stopped = wish === "stop";
        this.#prove();
        return false;
      }
    }
    return true;
  }

  #skipTo(from: number): void {
    this.#from = from;
    if (from > this.#last) {
      this.#last = 0;
      this.#anchored = false;
      this.#torn = false;
    } else if (this.#spec.isPattern) {
      this.#anchored = false;
    } else if (this.#messages.some(({ sequence }) => sequence <= from)) {
      // One that lies before is as good as the one at `from` itself.
      this.#anchored = true;
      this.#torn = false;
    }
    this.#messages = this.#messages.filter(({ sequence }) => sequence > from);
    this.#bytes = this.#messages.reduce((bytes, message) => bytes + costOf(message), 0);
  }

  get #isProven(): boolean {
    const { proof, isPattern, wanted } = this.#spec;
    if (isPattern) return false;
    if (this.#anchored || proof === "oldest") return true;
    const [oldest] = this.#messages;
    return wanted !== undefined && oldest !== undefined && oldest.sequence <= wanted;
  }

  /** The replica has no more, and the target was not seen. That proves nothing: it may be behind. */
  #readBeyondReplica(): void {
    const isKnown = !this.#spec.targetIsBound && this.#last < this.#target;
    const waits = isKnown && this.#reads.waitForReplica(() => this.#read());
    if (!waits) this.#readFromLeader();
  }

  #readFromLeader(): void {
    const { filter } = this.#spec;
    const from = this.#last === 0 ? this.#from : this.#last + 1;
    this.#reads.ask<StoredMessage | undefined>(
      (reads, answer) => reads.next(filter, from, answer),
      (message) => this.#takeFromLeader(message),
    );
  }

  #takeFromLeader(message: StoredMessage | undefined): void {
    // What the replica did not know may have come and gone.
    if (this.#spec.isPattern) this.#anchored = false;
    if (message === undefined) {
      this.#endAtLeader();
    } else if (this.#last === 0 || this.#spec.isPattern) {
      if (!this.#spec.isPattern) this.#anchored = message.sequence === this.#from;
      this.#fullest = Number.MAX_SAFE_INTEGER;
      this.#addFromLeader(message);
    } else {
      this.#askForLast(() => this.#addFromLeader(message));
    }
  }

  #endAtLeader(): void {
    if (this.#last >= this.#target) this.#prove(this.#countsAll);
    else if (!this.#spec.targetIsBound) this.#finish({ kind: "gone" });
    else if (this.#last === 0 || this.#spec.isPattern) this.#prove(this.#countsAll);
    else this.#askForLast(() => this.#prove());
  }

  /** What the leader says of messages behind the last one is all there was only if that one is still there. */
  #askForLast(then: () => void): void {
    const last = this.#last;
    this.#reads.ask<StoredMessage | undefined>(
      (reads, answer) => reads.next(this.#spec.filter, last, answer),
      (found) => {
        if (found?.sequence !== last) this.#tear();
        then();
      },
    );
  }

  #addFromLeader(message: StoredMessage): void {
    this.#add(message);
    if (!this.#fits()) return;
    if (this.#last >= this.#target && !this.#countsAll) this.#prove();
    else this.#read();
  }

  /**
   * Everything wanted is there: what is it worth?
   *
   * @param isAll the leader had nothing more.
   */
  #prove(isAll = false): void {
    if (this.#isProven) {
      const soundFrom = this.#anchored ? this.#from : this.#beforeOldest;
      this.#succeed(soundFrom);
      return;
    }
    this.#reads.ask<StreamState>(
      (reads, answer) => reads.state(answer),
      (state) => this.#judge(state, isAll),
    );
  }

  #judge(state: StreamState, isAll: boolean): void {
    const { epoch, isPattern } = this.#spec;
    if (state.epoch !== epoch) {
      this.#finish({ kind: "moved", state });
    } else if (isPattern && this.#fullest >= state.messagesPerChannel && !isAll) {
      if (this.#stopped) {
        this.#succeed(Number.POSITIVE_INFINITY);
      } else {
        this.#countsAll = true;
        this.#read();
      }
    } else {
      this.#succeed(this.#soundFrom(state));
    }
  }

  #succeed(soundFrom: number): void {
    const upTo = Math.max(this.#target, this.#last);
    this.#finish({ kind: "fetched", messages: this.#messages, soundFrom, upTo });
  }

  #soundFrom({ firstSequence, messagesPerChannel }: StreamState): number {
    const byAge = this.#anchored ? this.#from : Math.max(this.#from, firstSequence - 1);
    if (this.#spec.isPattern) {
      return this.#fullest < messagesPerChannel
        ? byAge
        : Math.max(byAge, this.#soundByCount(messagesPerChannel));
    }
    const counted = this.#fullest < messagesPerChannel && !this.#torn;
    return Math.min(this.#beforeOldest, counted ? byAge : Number.POSITIVE_INFINITY);
  }

  /**
   * Whatever a full channel has lost while the pages were read, it lost to as many newer messages as it may keep, and all of those
   * have been read.
   */
  #soundByCount(messagesPerChannel: number): number {
    const counts = new Map<string, number>();
    for (let index = this.#messages.length - 1; index >= 0; index--) {
      const { channel = "", sequence = 0 } = this.#messages[index] ?? {};
      const count = (counts.get(channel) ?? 0) + 1;
      if (count === messagesPerChannel) return sequence - 1;
      counts.set(channel, count);
    }
    return 0;
  }

  /** Nothing fits between this and the oldest message, and nothing behind that was discarded. */
  get #beforeOldest(): number {
    const [oldest] = this.#messages;
    return oldest === undefined ? Number.POSITIVE_INFINITY : Math.max(this.#from, oldest.sequence - 1);
  }

  #finish(outcome: RangeOutcome): void {
    this.#reads.end();
    this.#done(outcome);
  }
}
