import type { StoredMessage } from "../src/store/stored-message.ts";
import type { Batch, Heads, StreamState } from "../src/store/stream-reader.ts";

/** A message of the model, and what became of it. */
export interface ModelEntry {
  readonly message: StoredMessage;
  /** Predecessor of its channel that was stored when it came; 0 for none. */
  readonly last: number;
  /** Whether the leader has it. */
  stored: boolean;
  /** Sequence of the message that pushed it out of its channel: a replica that does not know that one has both. */
  pushedOutBy: number;
  /** Lost when the connection broke, or published while it was broken: the tail has reason to look for it. */
  lostWithLink: boolean;
  /** The tail was told of it, or of one behind it that names it as stored before, when it had not been delivered. */
  isEvident: boolean;
  delivered: boolean;
}

const NO_BYTES = new Uint8Array();
export const TICK = "chat._tick";

/** Whether a channel belongs to a filter; as much of NATS as the tests use. */
export function matches(filter: string, channel: string): boolean {
  if (filter === channel) return true;
  const wanted = filter.split(".");
  const tokens = channel.split(".");
  return (
    wanted.every(
      (token, index) =>
        token === ">" || token === tokens[index] || (token === "*" && tokens[index] !== undefined),
    ) && (filter.endsWith(">") ? tokens.length >= wanted.length : tokens.length === wanted.length)
  );
}

/** One life of a stream: a leader that knows everything, and replicas that know a beginning of it. */
export class ModelStream {
  readonly epoch: string;
  readonly messagesPerChannel: number;
  /** Everything that was ever published and not lost by the stream itself. */
  entries: ModelEntry[] = [];
  readonly replicas: number[] = [0, 0, 0];
  lastSequence = 0;
  readonly #clock: () => number;

  constructor(epoch: string, messagesPerChannel: number, clock: () => number) {
    this.epoch = epoch;
    this.messagesPerChannel = messagesPerChannel;
    this.#clock = clock;
  }

  publish(channel: string): ModelEntry {
    this.lastSequence += 1;
    let last = 0;
    let count = 0;
    let oldest: ModelEntry | undefined;
    for (const entry of this.entries) {
      if (!entry.stored || entry.message.channel !== channel) continue;
      last = entry.message.sequence;
      count += 1;
      oldest ??= entry;
    }
    if (count >= this.messagesPerChannel && oldest !== undefined) {
      oldest.stored = false;
      oldest.pushedOutBy = this.lastSequence;
    }
    const entry: ModelEntry = {
      message: {
        channel,
        sequence: this.lastSequence,
        time: this.#clock(),
        payload: NO_BYTES,
        event: undefined,
        publisher: undefined,
      },
      last,
      stored: true,
      pushedOutBy: 0,
      lostWithLink: false,
      isEvident: false,
      delivered: false,
    };
    this.entries.push(entry);
    // The leader is the first to know.
    this.replicas[0] = this.lastSequence;
    return entry;
  }

  /** A replica learns of some more messages. */
  replicate(replica: number, count: number): void {
    this.replicas[replica] = Math.min(this.lastSequence, (this.replicas[replica] ?? 0) + count);
  }

  /** Discards the oldest. */
  expire(count: number): void {
    let left = count;
    for (const entry of this.entries) {
      if (left === 0) break;
      if (!entry.stored) continue;
      entry.stored = false;
      left -= 1;
    }
    // What was pushed out is older than what is left.
    const first = this.state.firstSequence;
    for (const entry of this.entries) {
      if (entry.message.sequence < first) entry.pushedOutBy = 0;
    }
  }

  /** Loses its newest messages, as after a power failure. */
  lose(count: number): void {
    this.lastSequence = Math.max(0, this.lastSequence - count);
    this.entries = this.entries.filter(({ message }) => message.sequence <= this.lastSequence);
    for (const entry of this.entries) {
      if (entry.pushedOutBy > this.lastSequence) {
        entry.stored = true;
        entry.pushedOutBy = 0;
      }
    }
    for (const [index, known] of this.replicas.entries()) {
      this.replicas[index] = Math.min(known, this.lastSequence);
    }
  }

  get state(): StreamState {
    const first = this.entries.find(({ stored }) => stored);
    return {
      epoch: this.epoch,
      firstSequence: first?.message.sequence ?? this.lastSequence + 1,
      lastSequence: this.lastSequence,
      messagesPerChannel: this.messagesPerChannel,
    };
  }

  batch(replica: number, filter: string, from: number, limit: number): Batch {
    const knows = this.replicas[replica] ?? 0;
    const messages: StoredMessage[] = [];
    let pending = 0;
    for (const entry of this.entries) {
      const { message } = entry;
      if (message.sequence < from || !isStoredAt(entry, knows)) continue;
      if (!matches(filter, message.channel)) continue;
      if (messages.length < limit) messages.push(message);
      else pending += 1;
    }
    return { messages, exhausted: pending === 0, pending };
  }

  heads(replica: number, filter: string): Heads {
    const knows = this.replicas[replica] ?? 0;
    const heads = new Map<string, number>();
    for (const entry of this.entries) {
      const { message } = entry;
      if (isStoredAt(entry, knows) && matches(filter, message.channel)) {
        heads.set(message.channel, message.sequence);
      }
    }
    return { heads, upTo: knows };
  }

  head(channel: string): number {
    return this.heads(0, channel).heads.get(channel) ?? 0;
  }

  next(filter: string, from: number): StoredMessage | undefined {
    return this.batch(0, filter, from, 1).messages[0];
  }
}

/** Whether a replica that knows the stream up to some sequence has the message. */
function isStoredAt({ stored, pushedOutBy, message }: ModelEntry, knows: number): boolean {
  return message.sequence <= knows && (stored || pushedOutBy > knows);
}
