/**
 * How a connection wants its messages.
 *
 * - `json`: text frames, payloads that are not UTF-8 as base64.
 * - `json-binary`: the same, but such payloads as binary frames.
 * - `raw`: bare payloads.
 */
export const FORMATS = ["json", "json-binary", "raw"] as const;
export type Format = (typeof FORMATS)[number];

/** One WebSocket frame, encoded once and shared by all connections that want this format. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly binary: boolean;
}
