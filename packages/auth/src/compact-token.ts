import { type Rejection, rejection } from "./verification.ts";

/** The three segments of a signed JWT (RFC 7515 section 7.1), each proven to be canonical base64url. */
export interface CompactToken {
  readonly ok: true;
  readonly text: string;
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

const MISSING = rejection("token_missing", "A token is needed here.");
const ENCRYPTED = rejection(
  "token_malformed",
  "The token is encrypted (JWE). Send a signed JWT: three segments separated by dots.",
);
const MALFORMED = rejection(
  "token_malformed",
  "The token is not a signed JWT: three unpadded base64url segments separated by dots, with nothing around them.",
);

/** An empty signature passes here, so that an unsigned token is refused for its algorithm, which says more. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Splits a token without decoding anything. `maxBytes` is checked before any other look at it. */
export function readCompactToken(text: string, maxBytes: number): CompactToken | Rejection {
  if (text.length === 0) {
    return MISSING;
  }
  // UTF-16 length is never more than the byte length, and equal to it for everything that passes below.
  if (text.length > maxBytes) {
    return rejection(
      "token_too_large",
      `The token is longer than the ${maxBytes} bytes accepted here. Leave out claims that are not needed.`,
    );
  }
  if (!COMPACT.test(text)) {
    return text.split(".", 6).length === 5 ? ENCRYPTED : MALFORMED;
  }
  const first = text.indexOf(".");
  const second = text.lastIndexOf(".");
  const header = text.slice(0, first);
  const payload = text.slice(first + 1, second);
  const signature = text.slice(second + 1);
  if (!isCanonical(header) || !isCanonical(payload) || !isCanonical(signature)) {
    return MALFORMED;
  }
  return { ok: true, text, header, payload, signature };
}

/**
 * Whether the unused bits of the last character are zero. Decoders ignore them, so without this check a
 * signature has up to 16 spellings and a changed token may still verify.
 */
function isCanonical(segment: string): boolean {
  switch (segment.length % 4) {
    case 0:
      return true;
    case 2:
      return "AQgw".includes(segment.charAt(segment.length - 1));
    case 3:
      return "AEIMQUYcgkosw048".includes(segment.charAt(segment.length - 1));
    default:
      return false;
  }
}
