const HIDDEN = "[hidden]";

/**
 * Credentials that can hide inside any text: a signed token, an `Authorization` value, a query parameter, the user part of
 * a URL. Each pattern starts where a run of token characters starts and none can match a quote or a backslash, so a line
 * of JSON stays one, and the time is linear in the length of the text.
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, HIDDEN],
  [/\b(Bearer|Basic) +[\w.~+/=-]{12,}/gi, `$1 ${HIDDEN}`],
  [/([?&](?:access_token|token|password|secret)=)[^&#\s"\\]+/gi, `$1${HIDDEN}`],
  [/(\/\/)[^\s/@"\\?#]+@/g, `$1${HIDDEN}@`],
];

/** The text without credentials of the kinds above. */
export function scrubCredentials(text: string): string {
  return PATTERNS.reduce((scrubbed, [pattern, replacement]) => scrubbed.replace(pattern, replacement), text);
}
