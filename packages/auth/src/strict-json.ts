import { isUtf8 } from "node:buffer";

export type JsonObject = { readonly [name: string]: unknown };

/** Deepest nesting of a header or claims set. What recurses over parsed claims relies on it. */
const MAX_DEPTH = 32;

const TOO_DEEP = -1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Parses a base64url segment that must hold one JSON object, or returns `undefined`.
 *
 * Refuses what `JSON.parse` lets through and readers of tokens disagree about: malformed UTF-8 and repeated
 * member names (one program would see the first `sub`, another the last). RFC 7519 section 4 allows either
 * answer; refusing is the one that cannot be played against a second reader.
 */
export function parseStrictObject(segment: string): JsonObject | undefined {
  const text = decodeText(segment);
  if (text === undefined) {
    return undefined;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) {
    return undefined;
  }
  const written = writtenMembers(text);
  return written !== TOO_DEEP && written === keptMembers(value) ? value : undefined;
}

/** Nothing of one token is left in it for the next: what is read is what was written before. */
const scratch = Buffer.alloc(4_096);

function decodeText(segment: string): string | undefined {
  if (segment.length > scratch.length) {
    const bytes = Buffer.from(segment, "base64url");
    return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
  }
  const length = scratch.write(segment, "base64url");
  const text = scratch.toString("latin1", 0, length);
  if (!NOT_ASCII.test(text)) {
    return text;
  }
  return isUtf8(scratch.subarray(0, length)) ? scratch.toString("utf8", 0, length) : undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for.
const NOT_ASCII = /[^\u0000-\u007f]/;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own member only: a claim named like something on `Object.prototype` is absent unless the token has it. */
export function memberOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Members written in valid JSON text, repeated ones included, or `TOO_DEEP`. */
function writtenMembers(text: string): number {
  let members = 0;
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === BACKSLASH) {
        index += 1;
      } else if (code === QUOTE) {
        quoted = false;
      }
    } else if (code === QUOTE) {
      quoted = true;
    } else if (code === COLON) {
      members += 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > MAX_DEPTH) {
        return TOO_DEEP;
      }
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
    }
  }
  return members;
}

/** Members that parsing kept. Only called on what `writtenMembers` found shallow enough. */
function keptMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) {
    return 0;
  }
  let members = 0;
  if (Array.isArray(value)) {
    for (const child of value as readonly unknown[]) {
      members += keptMembers(child);
    }
    return members;
  }
  const object = value as JsonObject;
  // What JSON.parse makes inherits nothing that could be walked over.
  for (const name in object) {
    members += 1 + keptMembers(object[name]);
  }
  return members;
}
