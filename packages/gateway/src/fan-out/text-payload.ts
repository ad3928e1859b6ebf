import { isUtf8 } from "node:buffer";
import type { TextPayload } from "@tidegate/protocol";

const LINE_BREAKS = /[\r\n]/g;
const HAS_LINE_BREAK = /[\r\n]/;

/**
 * How payload bytes stand in a text frame. Bytes that are valid JSON are embedded as they are; everything else
 * becomes a JSON string, so no payload can break out of its frame.
 */
export function textPayload(bytes: Uint8Array): TextPayload {
  const buffer = asBuffer(bytes);
  if (!isUtf8(buffer)) {
    return { json: `"${buffer.toString("base64")}"`, encoding: "base64" };
  }
  const text = buffer.toString("utf8");
  if (!isJson(text)) {
    return { json: JSON.stringify(text), encoding: "text" };
  }
  // Valid JSON has line breaks only between its tokens, where a space means the same.
  return { json: HAS_LINE_BREAK.test(text) ? text.replace(LINE_BREAKS, " ") : text, encoding: undefined };
}

/** A view, not a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isJson(text: string): boolean {
  if (!mayBeginJson(text.charCodeAt(0))) {
    return false;
  }
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Saves plain text the cost of an exception. JSON begins with white space, `{`, `[`, a quote, a minus, a digit,
 * or the t, f, n of its three words (RFC 8259 section 2).
 */
function mayBeginJson(code: number): boolean {
  return (
    code === 0x7b ||
    code === 0x5b ||
    code === 0x22 ||
    code === 0x2d ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x74 ||
    code === 0x66 ||
    code === 0x6e ||
    code === 0x20 ||
    (code >= 0x09 && code <= 0x0d)
  );
}
