import type { Received } from "./transport.ts";

export type Json = Readonly<Record<string, unknown>>;

/** @throws TypeError if the text is no JSON object. */
export function readObject(text: string): Json {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`no JSON object: ${text.slice(0, 200)}`);
  }
  return value as Json;
}

/**
 * A `message`, with or without its type.
 *
 * @throws TypeError if a field is missing or of the wrong kind.
 */
export function readMessage(value: Json, text: string): Received {
  const { channel, data, encoding, event, from, cursor, time } = value;
  const isText = (field: unknown): field is string | undefined =>
    field === undefined || typeof field === "string";
  if (
    typeof channel !== "string" ||
    data === undefined ||
    !isText(encoding) ||
    !isText(event) ||
    !isText(cursor) ||
    (from !== undefined && (typeof from !== "object" || from === null)) ||
    typeof time !== "number"
  ) {
    throw new TypeError(`no message: ${text.slice(0, 200)}`);
  }
  return { channel, data, encoding, event, from: from as Received["from"], cursor, time, text };
}
