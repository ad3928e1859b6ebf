/**
 * Where a message stands in a distributed trace, in the words of W3C Trace Context. To whom it only passes on, both are opaque.
 */
export interface TraceContext {
  /** Of version 00 and well-formed: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`. */
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** Names of the headers, on HTTP and on NATS alike. Lower case: NATS compares names as they are written. */
export const TRACEPARENT = "traceparent";
export const TRACESTATE = "tracestate";

/** Version, trace, parent, flags. Ids of zeros and version ff are forbidden. */
const TRACEPARENT_BEGINNING =
  /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})/;
const TRACEPARENT_LENGTH = 55;
/** A later version may add fields; more than this is none. */
const LONGEST_TRACEPARENT = 255;
/** Everybody has to pass on so much; longer ones are dropped, as the standard allows. */
const LONGEST_TRACESTATE = 512;
const MOST_MEMBERS = 32;
const MEMBER =
  /^(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const BLANKS_AROUND = /^[ \t]+|[ \t]+$/g;

/**
 * Reads what anybody may have sent. `undefined` for everything that is not valid: a trace is never worth an error. A `tracestate` that
 * is not valid is left away alone. A later version of `traceparent` is read as far as version 00 goes, as the standard wants it.
 */
export function readTraceContext(traceparent: unknown, tracestate: unknown): TraceContext | undefined {
  if (typeof traceparent !== "string") return undefined;
  const { length } = traceparent;
  if (length < TRACEPARENT_LENGTH || length > LONGEST_TRACEPARENT) return undefined;
  const match = TRACEPARENT_BEGINNING.exec(traceparent);
  if (match === null) return undefined;
  const [, version, rest] = match;
  const goesOn = length > TRACEPARENT_LENGTH;
  if (goesOn && (version === "00" || traceparent[TRACEPARENT_LENGTH] !== "-")) return undefined;
  return { traceparent: `00-${rest}`, tracestate: readTracestate(tracestate) };
}

/** Without blanks around members and without empty ones, which may be there and mean nothing. */
function readTracestate(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length > LONGEST_TRACESTATE) return undefined;
  const members = value
    .split(",")
    .map((member) => member.replace(BLANKS_AROUND, ""))
    .filter((member) => member !== "");
  const isValid =
    members.length > 0 && members.length <= MOST_MEMBERS && members.every((member) => MEMBER.test(member));
  return isValid ? members.join(",") : undefined;
}
