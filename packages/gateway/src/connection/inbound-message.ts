import { type Decoded, decodeClientMessage } from "@tidegate/protocol";
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
  if (lineEnd === -1) {
    const message = "a binary frame begins with a JSON header line that ends with a newline";
    return {
      decoded: { ok: false, code: "malformed", id: undefined, message },
      source: { text: "", body: undefined },
    };
  }
  const text = frame.body.toString("utf8", 0, lineEnd);
  return { decoded: decodeClientMessage(text), source: { text, body: frame.body.subarray(lineEnd + 1) } };
}
