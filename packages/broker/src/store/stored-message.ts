import type { LivePublisher } from "../live-message.ts";

/** One message of a replayable channel. Shared by all who get it: treat it as read-only. */
export interface StoredMessage {
  readonly channel: string;
  /** Place in the stream of the namespace. */
  readonly sequence: number;
  /** When the stream stored it, Unix time in ms: the same on every node and at every replay. */
  readonly time: number;
  /** Its own bytes, not a view on a socket's buffer: may be kept. */
  readonly payload: Uint8Array;
  readonly event: string | undefined;
  /** undefined when a backend published. */
  readonly publisher: LivePublisher | undefined;
}
