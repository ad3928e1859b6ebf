import type { StoredMessage } from "./stored-message.ts";

/** What a stream is now, as its leader says. */
export interface StreamState {
  /** Names this life of the stream in cursors. */
  readonly epoch: string;
  /** Oldest sequence still stored; last + 1 if nothing is. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Messages that the stream keeps of one channel at most; Infinity for no limit. */
  readonly messagesPerChannel: number;
}

/** Messages of a range, in the order of the stream. */
export interface Batch {
  /** Those of internal channels among them, where a pattern matches them. */
  readonly messages: readonly StoredMessage[];
  /**
   * The replica that answered has given all it had of the range when it ended. It may be behind the leader, so this
   * proves nothing about what is newer: only having seen the head does (notes of ADR-31: Direct Get is not
   * read-after-write).
   */
  readonly exhausted: boolean;
  /** Further messages of the range that the replica had. */
  readonly pending: number;
}

/** Newest sequence per channel, as one replica knew them. A pattern may match internal channels. */
export interface Heads {
  readonly heads: ReadonlyMap<string, number>;
  /**
   * The replica knew the stream up to here: of a channel that `heads` does not name, nothing is stored up to it. 0 if the
   * replica did not say: it does not when it finds nothing at all.
   */
  readonly upTo: number;
}

/**
 * Reads of one namespace's stream. All reject with a BrokerError: `unavailable` without a link or an answer in time,
 * `denied`, or `stream_missing`. Every read is bounded in time, and none is repeated here.
 */
export interface StreamReader {
  readonly namespace: string;
  /**
   * Asks the leader; calls at the same time share one request.
   *
   * @param maxAgeMs an answer that is not older will do.
   */
  state(maxAgeMs: number): Promise<StreamState>;
  /** Sequence of the newest message of a channel, asked of the leader; 0 if none is stored. */
  head(channel: string): Promise<number>;
  /** Newest sequences of up to 1,024 channels, or of all channels of one pattern; undefined if there are more than that. */
  heads(filter: readonly string[] | string): Promise<Heads | undefined>;
  /**
   * The first message of a channel or pattern with `from` <= sequence, asked of the leader; undefined if there is none. A
   * round trip for each message, so only for when the replicas that answer `batch` are behind.
   */
  next(filter: string, from: number): Promise<StoredMessage | undefined>;
  /** Messages of a channel or pattern with `from` <= sequence, oldest first, up to `limit` and about `maxBytes`. */
  batch(filter: string, from: number, limit: number, maxBytes: number): Promise<Batch>;
}
