import type { StoredMessage } from "../src/store/stored-message.ts";
import type { Batch, Heads, StreamReader, StreamState } from "../src/store/stream-reader.ts";

export interface LaggingStreamOptions {
  /** Of one channel. */
  readonly messagesPerChannel: number;
  /** Of all channels: stands for the limits of age and bytes, which discard from the oldest on as well. */
  readonly messagesInAll: number;
  /** Called before every answer; publishes, and says by how many messages the replica that answers is behind. */
  readonly beforeAnswer: (stream: LaggingStream) => number;
}

export const LAGGING_EPOCH = "lagging0";

/** A stream in memory whose replicas lag behind at will, with the leader's and the replicas' reads. */
export class LaggingStream implements StreamReader {
  readonly namespace = "chat";
  readonly #options: LaggingStreamOptions;
  /** Everything ever stored, oldest first. */
  readonly log: StoredMessage[] = [];
  reads = 0;

  constructor(options: LaggingStreamOptions) {
    this.#options = options;
  }

  publish(channel: string, size: number): void {
    const sequence = this.log.length + 1;
    const payload = new Uint8Array(size);
    this.log.push({ channel, sequence, time: sequence, payload, event: undefined, publisher: undefined });
  }

  /** What a replica keeps that has seen the first `length` messages. Limits depend on nothing else, so all agree. */
  kept(length: number = this.log.length): readonly StoredMessage[] {
    const { messagesPerChannel, messagesInAll } = this.#options;
    const byChannel = new Map<string, number>();
    const kept: StoredMessage[] = [];
    for (let index = length - 1; index >= 0; index--) {
      const message = this.log[index];
      if (message === undefined || message.sequence <= length - messagesInAll) break;
      const count = (byChannel.get(message.channel) ?? 0) + 1;
      byChannel.set(message.channel, count);
      if (count <= messagesPerChannel) kept.push(message);
    }
    return kept.reverse();
  }

  async state(maxAgeMs: number): Promise<StreamState> {
    const length = this.#answer();
    const seen = maxAgeMs === 0 ? this.log.length : length;
    return {
      epoch: LAGGING_EPOCH,
      firstSequence: this.kept(seen)[0]?.sequence ?? seen + 1,
      lastSequence: seen,
      messagesPerChannel: this.#options.messagesPerChannel,
    };
  }

  async head(channel: string): Promise<number> {
    this.#answer();
    return this.kept().findLast((message) => message.channel === channel)?.sequence ?? 0;
  }

  async next(filter: string, from: number): Promise<StoredMessage | undefined> {
    this.#answer();
    return this.kept().find(({ channel, sequence }) => channel === filter && sequence >= from);
  }

  async batch(filter: string, from: number, limit: number, maxBytes: number): Promise<Batch> {
    const length = this.#answer();
    const found = this.kept(length).filter(({ channel, sequence }) => channel === filter && sequence >= from);
    let count = 0;
    for (let bytes = 0; count < Math.min(found.length, limit); count++) {
      bytes += found[count]?.payload.length ?? 0;
      if (count > 0 && bytes > maxBytes) break;
    }
    const pending = found.length - count;
    return { messages: found.slice(0, count), pending, exhausted: pending === 0 };
  }

  heads(): Promise<Heads | undefined> {
    throw new TypeError("not part of the model");
  }

  #answer(): number {
    this.reads += 1;
    const lag = this.#options.beforeAnswer(this);
    return Math.max(0, this.log.length - lag);
  }
}
