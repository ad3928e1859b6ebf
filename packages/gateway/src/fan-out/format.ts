/**
 * How a subscriber wants its messages.
 *
 * - `json`: text frames, payloads that are not UTF-8 as base64.
 * - `json-binary`: the same, but such payloads as binary frames.
 * - `lines`, `lines-binary`: the same two, the messages of one flush joined in batch frames.
 * - `raw`: bare payloads.
 * - `object`: as in `json`, without `type`: what stands in pages and polls.
 * - `event`: events of an event stream with bare payloads, each with the cursor of its message as id.
 * - `object-event`: the same, with what `object` gives as data.
 */
export const FORMATS = [
  "json",
  "json-binary",
  "lines",
  "lines-binary",
  "raw",
  "object",
  "event",
  "object-event",
] as const;
export type Format = (typeof FORMATS)[number];

/** The format of a connection that is not raw. */
export function messageFraming(binary: boolean, batch: boolean): Format {
  if (batch) {
    return binary ? "lines-binary" : "lines";
  }
  return binary ? "json-binary" : "json";
}

/** How each message is encoded by itself. */
export type MessageFormat = Exclude<Format, "lines" | "lines-binary">;

export function messageFormat(format: Format): MessageFormat {
  return format === "lines" ? "json" : format === "lines-binary" ? "json-binary" : format;
}

/** Whether payloads that are not UTF-8 come as bytes, beside frames of text. */
export function takesBinary(format: Format): boolean {
  return format === "json-binary" || format === "lines-binary";
}

/** Whether messages are joined where several go out at once. */
export function isBatched(format: Format): boolean {
  return format === "lines" || format === "lines-binary";
}

/** One message, or a batch, encoded once and shared by all subscribers that want this format. */
export interface Frame {
  readonly bytes: Uint8Array;
  /** The payload stands in it as bytes that are not UTF-8. */
  readonly binary: boolean;
  /** Place in the stream of a replayable channel's namespace, of a batch that of its last message; 0 of a live channel. */
  readonly sequence: number;
  /** How many messages stand in it. */
  readonly messages: number;
}
