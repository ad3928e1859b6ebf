import type { StoredMessage } from "../store/stored-message.ts";
import type { RingBudget } from "./ring-budget.ts";

/** What a kept message costs besides its payload and its texts, about: the objects and their place in the ring. */
const MESSAGE_BYTES = 200;
/** Gaps at the front of the array are closed when they are this many and half of it. */
const COMPACT_AT = 64;

/**
 * The messages that a tail has delivered of late: everything above `from`. They belong to the stream's order channel by
 * channel; between channels a message that was repaired may come later than its sequence says.
 */
export class Ring {
  readonly #budget: RingBudget;
  readonly #mostMessages: number;
  #messages: StoredMessage[] = [];
  #head = 0;
  #ordered = true;
  #from = 0;
  #fromIsMessage = false;
  #isWhole = false;
  #bytes = 0;

  constructor(budget: RingBudget, mostMessages: number) {
    this.#budget = budget;
    this.#mostMessages = mostMessages;
  }

  /** Everything delivered behind this sequence is here. */
  get from(): number {
    return this.#from;
  }

  /** Whether `from` is known to be the sequence of a message of the tail, so that a read that reaches it can be recognised. */
  get fromIsMessage(): boolean {
    return this.#fromIsMessage;
  }

  /** Whether the stream has nothing that is older than what is here. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get size(): number {
    return this.#messages.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(message: StoredMessage): void {
    const last = this.#messages.at(-1);
    if (last !== undefined && last.sequence > message.sequence && this.size > 0) this.#ordered = false;
    this.#messages.push(message);
    this.#bytes += costOf(message);
    this.#budget.added(this, costOf(message));
    if (this.size > this.#mostMessages) {
      this.#budget.removedEarly(this, this.#dropOldest());
    }
  }

  /**
   * The first `most` messages behind `cursor`, in the order of the stream. There are no others behind it if `cursor` is not below
   * `from`.
   */
  after(cursor: number, most = Number.POSITIVE_INFINITY): StoredMessage[] {
    if (this.#ordered) {
      const first = this.#indexAfter(cursor);
      return this.#messages.slice(first, first + most);
    }
    const behind = this.#messages.slice(this.#head).filter(({ sequence }) => sequence > cursor);
    return inOrder(behind).slice(0, most);
  }

  /** How many {@link after} would give. */
  countAfter(cursor: number): number {
    return this.#ordered ? this.#messages.length - this.#indexAfter(cursor) : this.after(cursor).length;
  }

  /** Time of the message with this sequence, if it is here. */
  timeOf(sequence: number): number | undefined {
    const [held] = this.after(sequence - 1);
    return held?.sequence === sequence ? held.time : undefined;
  }

  /** Whether it holds this very message, or cannot tell because it does not reach back so far. */
  mayHold({ sequence, time }: StoredMessage): boolean {
    return sequence <= this.#from || this.timeOf(sequence) === time;
  }

  /** Nothing was delivered between `from` and the message with this sequence, which is older. */
  extendTo(sequence: number): void {
    if (sequence > this.#from) return;
    this.#from = sequence;
    this.#fromIsMessage = true;
  }

  /**
   * Puts older messages in front, which are all that lie between `from` and what is here.
   *
   * @param isWhole nothing that is older is stored.
   */
  prepend(messages: readonly StoredMessage[], from: number, isWhole: boolean): void {
    this.#isWhole = isWhole;
    const room = Math.max(0, this.#mostMessages - this.size);
    const kept = room === 0 ? [] : messages.slice(-room);
    const dropped = messages[messages.length - kept.length - 1];
    if (dropped === undefined) {
      this.#from = from;
      this.#fromIsMessage = false;
    } else {
      this.#from = dropped.sequence;
      this.#fromIsMessage = true;
      this.#isWhole = false;
    }
    const first = this.#messages[this.#head];
    const last = kept.at(-1);
    if (first !== undefined && last !== undefined && last.sequence > first.sequence) this.#ordered = false;
    this.#messages = [...kept, ...this.#messages.slice(this.#head)];
    this.#head = 0;
    for (const message of kept) {
      this.#bytes += costOf(message);
      this.#budget.added(this, costOf(message));
    }
  }

  /** Empties it: what comes next is behind `from`. */
  reset(from: number): void {
    while (this.size > 0) this.#budget.removedEarly(this, this.#dropOldest());
    this.#messages = [];
    this.#head = 0;
    this.#ordered = true;
    this.#from = from;
    this.#fromIsMessage = false;
    this.#isWhole = false;
  }

  /** For the budget: gives up the oldest message and returns what it cost. */
  evict(): number {
    return this.size === 0 ? 0 : this.#dropOldest();
  }

  get #oldest(): StoredMessage | undefined {
    return this.#messages[this.#head];
  }

  #dropOldest(): number {
    const oldest = this.#oldest;
    if (oldest === undefined) return 0;
    this.#head += 1;
    this.#isWhole = false;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    if (oldest.sequence >= this.#from) {
      this.#from = oldest.sequence;
      this.#fromIsMessage = true;
    }
    if (this.size === 0) this.#ordered = true;
    const cost = costOf(oldest);
    this.#bytes -= cost;
    return cost;
  }

  #indexAfter(cursor: number): number {
    let low = this.#head;
    let high = this.#messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const message = this.#messages[middle];
      if (message !== undefined && message.sequence <= cursor) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What a message weighs against a budget, in bytes. */
export function costOf({ payload, channel, event }: StoredMessage): number {
  return MESSAGE_BYTES + payload.length + channel.length + (event?.length ?? 0);
}

/** Sorts in place. */
export function inOrder(messages: StoredMessage[]): StoredMessage[] {
  return messages.sort((left, right) => left.sequence - right.sequence);
}
