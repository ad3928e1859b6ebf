/**
 * How a subscriber wants its messages.
 *
 * - `json`: text frames, payloads that are not UTF-8 as base64.
 * - `json-binary`: the same, but such payloads as binary frames.
 * - `raw`: bare payloads.
 * - `object`: as in `json`, without `type`: what stands in pages and polls.
 * - `event`: events of an event stream with bare payloads, each with the cursor of its message as id.
 * - `object-event`: the same, with what `object` gives as data.
 */
export const FORMATS = ["json", "json-binary", "raw", "object", "event", "object-event"] as const;
export type Format = (typeof FORMATS)[number];

/** One message, encoded once and shared by all subscribers that want this format. */
export interface Frame {
  readonly bytes: Uint8Array;
  /** The payload stands in it as bytes that are not UTF-8. */
  readonly binary: boolean;
  /** Place in the stream of a replayable channel's namespace; 0 of a live channel. */
  readonly sequence: number;
}
