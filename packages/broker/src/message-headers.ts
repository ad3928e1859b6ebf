import type { MsgHdrs } from "@nats-io/transport-node";
import { headers } from "@nats-io/transport-node";
import type { TraceContext } from "@tidegate/protocol";
import { TRACEPARENT, TRACESTATE } from "@tidegate/protocol";

/** Name a backend or client gives to a kind of message; becomes `event:` of SSE. */
export const EVENT_HEADER = "Tidegate-Event";
/** User whose token the sending connection presented. */
export const USER_HEADER = "Tidegate-User";
/** Id of the sending connection. */
export const CONNECTION_HEADER = "Tidegate-Connection";
/** JSON object: the claims of the token that the gateway's configuration lets through. */
export const CLAIMS_HEADER = "Tidegate-Claims";
/** Given by a backend on a live channel: of several messages with the same one, the latest may take the place of the others. */
export const CONFLATE_KEY_HEADER = "Tidegate-Conflate-Key";
/** The server refuses the message unless this stream takes it. */
const EXPECTED_STREAM_HEADER = "Nats-Expected-Stream";
/** The stream stores messages of one id once, within its window. */
const MESSAGE_ID_HEADER = "Nats-Msg-Id";
/** By NATS convention: a reply that carries these is an error, with status and text. */
export const SERVICE_ERROR_CODE_HEADER = "Nats-Service-Error-Code";
export const SERVICE_ERROR_HEADER = "Nats-Service-Error";

/**
 * Who sends, vouched for by the gateway. Keep one object per connection: its headers are built once and remembered with it.
 */
export interface PublisherIdentity {
  /** undefined for a client without a token. */
  readonly user: string | undefined;
  readonly connection: string;
  /** JSON text of an object. */
  readonly claims: string | undefined;
}

/** A header block on its way out, with its exact size on the wire. */
export interface OutgoingHeaders {
  readonly block: MsgHdrs;
  readonly bytes: number;
}

/** `NATS/1.0`, then per header `\r\n<name>: <value>`, then `\r\n\r\n`. */
const BLOCK_BYTES = 12;
const PER_HEADER_BYTES = 4;

/**
 * Characters that could end a header line: CR and LF for NATS itself, the rest for the header parsers of other
 * languages, several of which take any control character or Unicode line separator for a line end.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const LINE_BREAKING = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const LINE_BREAKING_ALL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const EDGE_SPACE = /^\s|\s$/;
const EDGE_SPACE_ALL = /^\s+|\s+$/g;
const REPLACEMENT = "\uFFFD";

/**
 * Makes a value fit for a header line. Readers trim values, so a user called `"alice "` would arrive as `"alice"`: white
 * space at the edges is replaced like a character that breaks lines, and never turns one identity into another.
 */
export function headerValue(value: string): string {
  const unbroken = LINE_BREAKING.test(value) ? value.replace(LINE_BREAKING_ALL, REPLACEMENT) : value;
  return EDGE_SPACE.test(unbroken) ? unbroken.replace(EDGE_SPACE_ALL, REPLACEMENT) : unbroken;
}

/** Headers already built for an identity: building them costs several times what sending them does. */
interface Remembered {
  readonly plain: OutgoingHeaders;
  /** For the event it used last; most clients send one kind of event, or a burst of each. */
  withEvent: { readonly event: string; readonly headers: OutgoingHeaders } | undefined;
  /** For the stream and event it used last. */
  stored:
    | { readonly stream: string; readonly event: string | undefined; readonly headers: OutgoingHeaders }
    | undefined;
}

const rememberedHeaders = new WeakMap<PublisherIdentity, Remembered>();

/** Headers of a message from a client or backend; undefined when there is nothing to say. */
export function messageHeaders(
  event: string | undefined,
  identity: PublisherIdentity | undefined,
  trace?: TraceContext | undefined,
): OutgoingHeaders | undefined {
  // Different for each message: not worth remembering.
  if (trace !== undefined) return build(event, identity, trace);
  if (identity === undefined) return event === undefined ? undefined : build(event, undefined);
  const remembered = rememberedOf(identity);
  if (event === undefined) return remembered.plain;
  let { withEvent } = remembered;
  if (withEvent === undefined || withEvent.event !== event) {
    withEvent = { event, headers: build(event, identity) };
    remembered.withEvent = withEvent;
  }
  return withEvent.headers;
}

/**
 * Headers of a message that `stream` has to store.
 *
 * @param key the id under which the stream recognises a repetition.
 */
export function storedMessageHeaders(
  stream: string,
  event: string | undefined,
  identity: PublisherIdentity | undefined,
  key: string | undefined,
  trace?: TraceContext | undefined,
): OutgoingHeaders {
  if (key !== undefined || identity === undefined || trace !== undefined) {
    const builder = build(event, identity, trace);
    builder.add(EXPECTED_STREAM_HEADER, stream);
    if (key !== undefined) builder.add(MESSAGE_ID_HEADER, key);
    return builder;
  }
  const remembered = rememberedOf(identity);
  let { stored } = remembered;
  if (stored === undefined || stored.stream !== stream || stored.event !== event) {
    const headers = build(event, identity);
    headers.add(EXPECTED_STREAM_HEADER, stream);
    stored = { stream, event, headers };
    remembered.stored = stored;
  }
  return stored.headers;
}

function rememberedOf(identity: PublisherIdentity): Remembered {
  let remembered = rememberedHeaders.get(identity);
  if (remembered === undefined) {
    remembered = { plain: build(undefined, identity), withEvent: undefined, stored: undefined };
    rememberedHeaders.set(identity, remembered);
  }
  return remembered;
}

function build(
  event: string | undefined,
  identity: PublisherIdentity | undefined,
  trace?: TraceContext,
): HeadersBuilder {
  const builder = new HeadersBuilder();
  if (identity !== undefined) {
    if (identity.user !== undefined) builder.add(USER_HEADER, identity.user);
    builder.add(CONNECTION_HEADER, identity.connection);
    if (identity.claims !== undefined) builder.add(CLAIMS_HEADER, identity.claims);
  }
  if (event !== undefined) builder.add(EVENT_HEADER, event);
  if (trace !== undefined) {
    builder.add(TRACEPARENT, trace.traceparent);
    if (trace.tracestate !== undefined) builder.add(TRACESTATE, trace.tracestate);
  }
  return builder;
}

export function serviceErrorHeaders(status: string, message: string): OutgoingHeaders {
  const builder = new HeadersBuilder();
  builder.add(SERVICE_ERROR_CODE_HEADER, status);
  builder.add(SERVICE_ERROR_HEADER, message);
  return builder;
}

class HeadersBuilder implements OutgoingHeaders {
  readonly block = headers();
  bytes = BLOCK_BYTES;

  add(name: string, value: string): void {
    const safe = headerValue(value);
    this.block.append(name, safe);
    this.bytes += PER_HEADER_BYTES + name.length + Buffer.byteLength(safe);
  }
}
