import { topLevelValue } from "@tidegate/protocol";

/** A publish or request as it came in: the parsed fields, and what its payload is read from. */
export interface PayloadSource {
  readonly data?: unknown;
  readonly encoding?: "text" | "base64" | undefined;
}

/** The frame around it: its text, and for a binary frame the bytes behind the header line. */
export interface FrameSource {
  readonly text: string;
  readonly body: Buffer | undefined;
}

export type ClientPayload =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly message: string };

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const EMPTY = Buffer.alloc(0);

/** The payload bytes a client means. JSON is passed on as its text stood in the frame. */
export function clientPayload(source: PayloadSource, frame: FrameSource): ClientPayload {
  const { data, encoding } = source;
  if (frame.body !== undefined) {
    return data === undefined && encoding === undefined
      ? { ok: true, bytes: frame.body }
      : {
          ok: false,
          message: '"data" and "encoding" must be absent where the payload follows the header line',
        };
  }
  if (encoding === undefined) {
    return {
      ok: true,
      bytes: data === undefined ? EMPTY : Buffer.from(topLevelValue(frame.text, "data") ?? ""),
    };
  }
  if (typeof data !== "string") {
    return { ok: false, message: `"data" must be a string where "encoding" is "${encoding}"` };
  }
  if (encoding === "text") {
    return { ok: true, bytes: Buffer.from(data, "utf8") };
  }
  return BASE64.test(data)
    ? { ok: true, bytes: Buffer.from(data, "base64") }
    : { ok: false, message: '"data" must be padded base64 (RFC 4648 section 4)' };
}
