import type { BrokerError } from "../broker-error.ts";
import type { StoredMessage } from "../store/stored-message.ts";
import type { Batch, Heads, StreamState } from "../store/stream-reader.ts";

/** Takes the outcome of a read; exactly one call, later than the read was asked for. */
export type Answer<Value> = (answer: Value | BrokerError) => void;

/**
 * What a tail reads, as actions with an answer: the tail neither awaits nor keeps time, so a test can answer in any order, late, and
 * with what an outdated replica would say. The meaning is that of `StreamReader`.
 */
export interface TailReads {
  /** Asks the leader, after this call. */
  state(answer: Answer<StreamState>): void;
  /** Newest sequence of a channel, or of every channel of a pattern. Reads of several tails are put together. */
  heads(filter: string, answer: Answer<Heads | undefined>): void;
  head(channel: string, answer: Answer<number>): void;
  next(filter: string, from: number, answer: Answer<StoredMessage | undefined>): void;
  batch(filter: string, from: number, limit: number, maxBytes: number, answer: Answer<Batch>): void;
  /** A pause of about so many milliseconds. */
  wait(ms: number, done: () => void): void;
}
