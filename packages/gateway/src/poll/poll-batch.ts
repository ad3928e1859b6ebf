import type { Frame } from "../fan-out/format.ts";
import type { ReaderItem, ResetNotice } from "../http/reader-item.ts";

/** What one answer holds. */
export interface PollBatch {
  readonly frames: readonly Frame[];
  readonly resets: readonly ResetNotice["reset"][];
  /** By namespace: place of its last message here, where some of it did not fit; 0 if none did. */
  readonly cuts: ReadonlyMap<string, number>;
}

/**
 * Chooses from what was read, in the order of each namespace, so that the rest comes with the next poll: at most `limit`
 * messages and `maxBytes`, but one message always. The namespaces take turns, so that none starves.
 */
export function pollBatch(
  read: ReadonlyMap<string, readonly ReaderItem[]>,
  live: readonly Frame[],
  limit: number,
  maxBytes: number,
): PollBatch {
  const batch = new Batch(limit, maxBytes);
  let parts = [...read].map(([namespace, items]) => new Part(namespace, items));
  for (const part of parts) {
    part.takeResets(batch);
  }
  while (parts.length > 0) {
    parts = parts.filter((part) => part.takeNext(batch));
  }
  for (const frame of live) {
    batch.offer(frame);
  }
  return batch;
}

class Batch implements PollBatch {
  readonly frames: Frame[] = [];
  readonly resets: ResetNotice["reset"][] = [];
  readonly cuts = new Map<string, number>();
  readonly #limit: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(limit: number, maxBytes: number) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
  }

  /** Takes a message if it fits. */
  offer(frame: Frame): boolean {
    const bytes = this.#bytes + frame.bytes.byteLength;
    if (this.frames.length > 0 && (this.frames.length >= this.#limit || bytes > this.#maxBytes)) {
      return false;
    }
    this.#bytes = bytes;
    this.frames.push(frame);
    return true;
  }
}

/** What was read of one namespace. */
class Part {
  readonly #namespace: string;
  readonly #items: readonly ReaderItem[];
  #next = 0;
  #last = 0;

  constructor(namespace: string, items: readonly ReaderItem[]) {
    this.#namespace = namespace;
    this.#items = items;
  }

  takeResets(batch: Batch): void {
    for (const item of this.#items) {
      if (!("reset" in item)) {
        return;
      }
      batch.resets.push(item.reset);
      this.#next += 1;
    }
  }

  /** Takes the next message. False if there is none, or it does not fit. */
  takeNext(batch: Batch): boolean {
    const item = this.#items[this.#next];
    if (item === undefined) {
      return false;
    }
    // A reset behind messages is left to the next poll, which finds out anew: here it would be told before them.
    if ("reset" in item || !batch.offer(item)) {
      batch.cuts.set(this.#namespace, this.#last);
      return false;
    }
    this.#next += 1;
    this.#last = item.sequence;
    this.#takeTwins(batch);
    return true;
  }

  /** The same message again, brought by another pattern: a cursor is behind both or neither. */
  #takeTwins(batch: Batch): void {
    for (;;) {
      const item = this.#items[this.#next];
      if (item === undefined || "reset" in item || item.sequence !== this.#last) {
        return;
      }
      batch.frames.push(item);
      this.#next += 1;
    }
  }
}
