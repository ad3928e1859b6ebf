import { MAX_CHANNEL_BYTES } from "./channel.ts";
import { MAX_CURSOR_BYTES } from "./cursor.ts";

/** One field of a wire message: its check, and its text in PROTOCOL.md. */
export interface Field<T, Optional extends boolean = boolean> {
  /** Completes "must be …" in the error that a wrong value gets. */
  readonly expected: string;
  readonly optional: Optional;
  readonly doc: string;
  readonly accepts: (value: unknown) => value is T;
}

const MAX_NAME_LENGTH = 128;
const MAX_TOKEN_LENGTH = 16_384;
const MAX_LIST_LENGTH = 1_000;
/** Event names of the node's own on SSE; nobody else may use them. */
const RESERVED_EVENT_PREFIX = "tidegate.";
/** Most messages that a page or a replay can be asked for. */
const MAX_REPLAY = 1_000;

/** Ids stay exact in every JSON reader: up to 2^53 - 1 (RFC 8259 section 6). */
export const isRequestId = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0;

const isText =
  (limit: number) =>
  (value: unknown): value is string =>
    typeof value === "string" && value.length <= limit;

const isName = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_NAME_LENGTH && !/\p{Cc}/u.test(value);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function field<T>(expected: string, accepts: (value: unknown) => value is T) {
  return (doc: string): Field<T, false> => ({ expected, optional: false, doc, accepts });
}

/** The field kinds of the protocol. Each takes the sentence that documents the field. */
export const fields = {
  id: field("an integer from 1 to 2^53-1", isRequestId),
  // Only the length: the grammar has an error code of its own, channel_invalid.
  channel: field(`a string of at most ${MAX_CHANNEL_BYTES} bytes`, isText(MAX_CHANNEL_BYTES * 4)),
  channels: field(
    `a list of at most ${MAX_LIST_LENGTH} strings`,
    (value): value is readonly string[] =>
      Array.isArray(value) &&
      value.length <= MAX_LIST_LENGTH &&
      value.every((item) => typeof item === "string" && item.length <= MAX_CHANNEL_BYTES * 4),
  ),
  // Only the length: what is no cursor has an error code of its own, cursor_invalid.
  cursor: field(`a cursor, a string of at most ${MAX_CURSOR_BYTES} characters`, isText(MAX_CURSOR_BYTES)),
  limit: field(
    `an integer from 1 to ${MAX_REPLAY}`,
    (value): value is number =>
      typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_REPLAY,
  ),
  token: field(`a string of at most ${MAX_TOKEN_LENGTH} characters`, isText(MAX_TOKEN_LENGTH)),
  name: field(`a string of 1 to ${MAX_NAME_LENGTH} characters without control characters`, isName),
  event: field(
    `a string of 1 to ${MAX_NAME_LENGTH} characters without control characters that does not begin with ${RESERVED_EVENT_PREFIX}`,
    (value): value is string => isName(value) && !value.startsWith(RESERVED_EVENT_PREFIX),
  ),
  text: field("a string", (value): value is string => typeof value === "string"),
  flag: field("true or false", (value): value is boolean => typeof value === "boolean"),
  count: field(
    "a non-negative integer",
    (value): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
  ),
  milliseconds: field(
    "a non-negative integer of milliseconds",
    (value): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
  ),
  encoding: field(
    '"text" or "base64"',
    (value): value is "text" | "base64" => value === "text" || value === "base64",
  ),
  json: field("any JSON value", (value): value is unknown => value !== undefined),
  records: field(
    "a list of objects",
    (value): value is readonly Readonly<Record<string, unknown>>[] =>
      Array.isArray(value) && value.every(isRecord),
  ),
  record: field("an object", isRecord),
} as const;

/** The same field, but a message may leave it out. `null` is not leaving out. */
export function optional<T>(required: Field<T, false>): Field<T, true> {
  return { ...required, optional: true };
}
