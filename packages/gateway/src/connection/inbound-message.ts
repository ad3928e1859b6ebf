import { isUtf8 } from "node:buffer";
import { type Connect, type Decoded, decodeClientMessage } from "@tidegate/protocol";
import type { FrameSource } from "../handlers/client-payload.ts";
import type { InboundFrame } from "./held-frames.ts";

const NEWLINE = 0x0a;

export interface InboundMessage {
  readonly decoded: Decoded;
  readonly source: FrameSource;
}

/** Reads a frame: a text frame is one JSON object, a binary frame a JSON header line and payload bytes. */
export function readInbound(frame: InboundFrame): InboundMessage {
  if (frame.kind === "text") {
    return { decoded: decodeClientMessage(frame.text), source: { text: frame.text, body: undefined } };
  }
  const lineEnd = frame.body.indexOf(NEWLINE);
  // The transport checks text frames alone; decoding would put replacement characters in place of what is wrong.
  if (lineEnd === -1 || !isUtf8(frame.body.subarray(0, lineEnd))) {
    const message = "a binary frame begins with a JSON header line in UTF-8 that ends with a newline";
    return {
      decoded: { ok: false, code: "malformed", id: undefined, message },
      source: { text: "", body: undefined },
    };
  }
  const text = frame.body.toString("utf8", 0, lineEnd);
  return { decoded: decodeClientMessage(text), source: { text, body: frame.body.subarray(lineEnd + 1) } };
}

/** The `connect` that a first frame has to be; `undefined` if it is anything else. */
export function readConnect(frame: InboundFrame): Connect | undefined {
  if (frame.kind === "binary") {
    return undefined;
  }
  const { decoded } = readInbound(frame);
  return decoded.ok && decoded.message.type === "connect" ? decoded.message : undefined;
}
