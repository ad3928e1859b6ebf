import type { KV } from "@nats-io/kv";

/** How far a stream has been turned into deliveries, and who is doing it. */
export interface CheckpointRecord {
  /** Of the stream; one that was made anew has another, and begins at its first message. */
  readonly epoch: string;
  /** Everything up to this sequence has its deliveries in the queue. */
  readonly sequence: number;
  readonly owner: string;
}

/**
 * The place up to which one stream has been read. Whoever writes it, owns it: a write of somebody else makes the next one here fail, so two
 * processes never go on beside each other for longer than the time between two writes.
 */
export class Checkpoint {
  readonly #bucket: KV;
  readonly #key: string;
  #revision = 0;

  constructor(bucket: KV, key: string) {
    this.#bucket = bucket;
    this.#key = key;
  }

  /** The revision moves whenever the owner is alive. */
  async read(): Promise<{ record: CheckpointRecord | undefined; revision: number }> {
    const entry = await this.#bucket.get(this.#key);
    this.#revision = entry?.revision ?? 0;
    const record = entry === null || entry.operation !== "PUT" ? undefined : entry.json<CheckpointRecord>();
    return { record, revision: this.#revision };
  }

  /** Conditional on nobody having written since the last read or write. Rejects otherwise. */
  async write(record: CheckpointRecord): Promise<void> {
    const text = JSON.stringify(record);
    this.#revision =
      this.#revision === 0
        ? await this.#bucket.create(this.#key, text)
        : await this.#bucket.update(this.#key, text, this.#revision);
  }
}
