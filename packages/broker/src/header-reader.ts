import type { Msg } from "@nats-io/transport-node";
import type { HeaderNames, HeaderValues } from "./header-scan.ts";
import { scanHeaders } from "./header-scan.ts";
import type { RawMessage } from "./nats-internals.ts";
import { asRawMessage, isRawMessage } from "./nats-internals.ts";

/**
 * - `unproven`: no message with headers has arrived yet.
 * - `scan`: headers are read from the raw bytes.
 * - `library`: nats.js is not built as expected; headers are read through its public API, at 3 µs a message.
 */
export type HeaderReaderMode = "unproven" | "scan" | "library";

/**
 * Reads headers of received messages by the fastest way that is known to work. The raw bytes are a private
 * field of nats.js, so the first message with headers is read both ways, and the raw way is taken only if
 * both agree.
 */
export class HeaderReader {
  #mode: HeaderReaderMode = "unproven";

  get mode(): HeaderReaderMode {
    return this.#mode;
  }

  /** Values of the named headers; undefined when the message has no headers at all. Never throws. */
  read(message: Msg, names: HeaderNames): HeaderValues | undefined {
    if (this.#mode !== "scan") return this.#readWithCare(message, names);
    const raw = asRawMessage(message);
    const end = raw._msg.hdr;
    return end > 0 ? scanHeaders(raw._rdata, end, names) : undefined;
  }

  #readWithCare(message: Msg, names: HeaderNames): HeaderValues | undefined {
    const byLibrary = readThroughLibrary(message, names);
    // A malformed block proves nothing about either way.
    if (byLibrary === "malformed") return undefined;
    if (this.#mode === "library") return byLibrary;
    if (!isRawMessage(message)) {
      this.#mode = "library";
      return byLibrary;
    }
    const end = message._msg.hdr;
    const byScan = end > 0 ? scanHeaders(message._rdata, end, names) : undefined;
    if (!sameValues(byLibrary, byScan)) this.#mode = "library";
    else if (byLibrary !== undefined) this.#mode = isHeaderBlock(message, message) ? "scan" : "library";
    return byLibrary;
  }
}

/** Equal values prove little if none of the wanted headers is there, so the block itself has to look like one. */
function isHeaderBlock(message: Msg, raw: RawMessage): boolean {
  const end = raw._msg.hdr;
  const text = Buffer.from(raw._rdata.subarray(0, end)).toString("latin1");
  return (
    text.startsWith("NATS/1.0") && text.endsWith("\r\n") && raw._rdata.length - end === message.data.length
  );
}

/** nats.js refuses a whole block for one bad line. */
function readThroughLibrary(message: Msg, names: HeaderNames): HeaderValues | undefined | "malformed" {
  try {
    const headers = message.headers;
    if (headers === undefined) return undefined;
    return names.map(({ name }) => headers.last(name) || undefined);
  } catch {
    return "malformed";
  }
}

function sameValues(left: HeaderValues | undefined, right: HeaderValues | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.every((value, index) => value === right[index]);
}
