import type { StoredMessage } from "./stored-message.ts";
import type { Batch, StreamReader } from "./stream-reader.ts";

/** Where to read, and how much at most. */
export interface Range {
  readonly channel: string;
  /** Read what is newer than this. */
  readonly after: number;
  /** The newest message that is known to be stored: a replica that does not have it is behind. */
  readonly target: number;
  readonly limit: number;
  readonly maxBytes: number;
}

export interface RangeContents {
  /** Oldest first, without holes. May go beyond the target, and over `maxBytes` by one message. */
  readonly messages: readonly StoredMessage[];
  /** Payload bytes of `messages`. */
  readonly bytes: number;
  /**
   * - `target`: nothing up to the target is missing behind the first message.
   * - `limit`: there may be more.
   * - `hole`: messages have been discarded while they were being read, and what came behind them was left out.
   * - `behind`: no replica, and not the leader in time, had all up to the target.
   */
  readonly end: "target" | "limit" | "hole" | "behind";
  /** The replica that gave the first message had more behind the last of `messages`. */
  readonly more: boolean;
  /** The message at `after` was still there when the first one behind it was read. */
  readonly anchored: boolean;
  /** How many messages behind `after` one replica had at the moment when it gave the first; undefined if that is not known. */
  readonly counted: number | undefined;
}

/** Small pieces: the server holds a lock of the stream while it sends one. */
const BATCH_MESSAGES = 256;
const BATCH_BYTES = 256 * 1024;

/** More than two messages can have. */
const ANY_SIZE_BYTES = 256 * 1024 * 1024;

/** Pauses before replicas that are behind are asked again; another one may answer. */
const PATIENCE_MS = [10, 20, 50, 100] as const;

/** A round trip for each message. */
const MOST_FROM_LEADER = 32;

/**
 * Reads forward until the target has been seen or a limit is reached. Replicas that are behind are asked again, and at last
 * the leader.
 *
 * Each piece begins with the last message of the one before: limits discard the oldest first, so while that one is there,
 * nothing behind it has been discarded.
 */
export class RangeRead {
  readonly #reader: StreamReader;
  readonly #range: Range;
  readonly #pause: (ms: number) => Promise<void>;
  readonly #messages: StoredMessage[] = [];
  #bytes = 0;
  #pending = 0;
  #anchored = false;
  #counted: number | undefined;

  constructor(reader: StreamReader, range: Range, pause: (ms: number) => Promise<void>) {
    this.#reader = reader;
    this.#range = range;
    this.#pause = pause;
    if (range.target <= range.after) {
      // The leader has just said so.
      this.#anchored = range.target > 0 && range.target === range.after;
      this.#counted = 0;
    }
  }

  /** @throws BrokerError as {@link StreamReader}. */
  async read(): Promise<RangeContents> {
    const end = await this.#read();
    return {
      messages: this.#messages,
      bytes: this.#bytes,
      end,
      more: end !== "target" || this.#pending > 0,
      anchored: this.#anchored,
      counted: this.#counted,
    };
  }

  async #read(): Promise<RangeContents["end"]> {
    for (const wait of [...PATIENCE_MS, undefined]) {
      const end = await this.#readFromReplicas();
      if (end !== "behind") return end;
      if (wait !== undefined) await this.#pause(wait);
    }
    return await this.#readFromLeader();
  }

  /** Reads piece after piece until the range ends, or a replica does not go on. */
  async #readFromReplicas(): Promise<RangeContents["end"]> {
    while (this.#last < this.#range.target) {
      if (this.#full) return "limit";
      const end = await this.#readPiece();
      if (end !== undefined) return end;
    }
    return "target";
  }

  async #readPiece(): Promise<"hole" | "behind" | undefined> {
    const { limit, maxBytes } = this.#range;
    const anchor = this.#last;
    const room = limit - this.#messages.length;
    const bytes = Math.min(maxBytes - this.#bytes, BATCH_BYTES);
    let batch = await this.#batch(Math.min(room + 1, BATCH_MESSAGES), bytes);
    // The anchor has used up all bytes: the one behind it is wanted whatever its size.
    if (batch.messages.length === 1 && batch.messages[0]?.sequence === anchor && !batch.exhausted) {
      batch = await this.#batch(2, ANY_SIZE_BYTES);
    }
    const [first] = batch.messages;
    if (first === undefined) return "behind";
    const anchored = first.sequence === anchor;
    if (!anchored && this.#messages.length > 0) return "hole";
    const news = anchored ? batch.messages.slice(1) : batch.messages;
    if (this.#messages.length === 0) {
      this.#anchored = anchored;
      this.#counted = news.length + batch.pending;
    }
    for (const message of news.slice(0, room)) this.#add(message);
    this.#pending = batch.pending + Math.max(0, news.length - room);
    return batch.exhausted && !this.#full && this.#last < this.#range.target ? "behind" : undefined;
  }

  #batch(limit: number, maxBytes: number): Promise<Batch> {
    return this.#reader.batch(this.#range.channel, this.#last, limit, maxBytes);
  }

  async #readFromLeader(): Promise<RangeContents["end"]> {
    const { channel, target } = this.#range;
    const anchor = this.#last;
    const kept = this.#messages.length;
    this.#pending = 0;
    let end: RangeContents["end"] = "behind";
    for (let asked = 0; asked < MOST_FROM_LEADER && end === "behind"; asked++) {
      const message = await this.#reader.next(channel, this.#last + 1);
      // It was there a moment ago: discarded since.
      if (message === undefined) end = "target";
      else this.#add(message);
      if (this.#last >= target) end = "target";
      else if (this.#full) end = "limit";
    }
    // Each was asked for by itself: only now it shows whether some between them had been discarded before their turn came.
    const oldest = await this.#reader.next(channel, anchor);
    const anchored = oldest?.sequence === anchor;
    if (kept === 0) {
      this.#anchored = anchored;
      this.#counted = this.#messages.length === 0 ? 0 : undefined;
    }
    const [first = oldest] = this.#messages;
    if (anchored || (kept === 0 && first?.sequence === oldest?.sequence)) return end;
    for (const message of this.#messages.splice(kept)) this.#bytes -= message.payload.length;
    return "hole";
  }

  get #last(): number {
    return this.#messages.at(-1)?.sequence ?? this.#range.after;
  }

  get #full(): boolean {
    const { limit, maxBytes } = this.#range;
    return this.#messages.length >= limit || (this.#bytes >= maxBytes && this.#messages.length > 0);
  }

  #add(message: StoredMessage): void {
    this.#messages.push(message);
    this.#bytes += message.payload.length;
  }
}
