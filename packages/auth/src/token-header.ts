import { type Algorithm, isAlgorithm } from "./algorithms.ts";
import { memberOf, parseStrictObject } from "./strict-json.ts";
import { type Rejection, rejection } from "./verification.ts";

/**
 * What verification may use of a header. Members that try to bring or point to a key (`jwk`, `jku`, `x5u`,
 * `x5c`) are not read: keys come from the configuration alone. Nor is `typ`, which issuers fill as they like.
 */
export interface TokenHeader {
  readonly ok: true;
  readonly algorithm: Algorithm;
  readonly kid: string | undefined;
}

/** Longest `kid`, in UTF-16 units, of a token or a configured key. */
export const MAX_KID_LENGTH = 256;

const UNREADABLE = rejection("token_malformed", "The token's header is not a JSON object.");
const ENCRYPTED = rejection("token_malformed", "The token is encrypted (JWE). Send a signed JWT.");
const CRITICAL = rejection(
  "token_malformed",
  "The token's header has `crit`; no critical extension is understood here.",
);
const UNENCODED = rejection(
  "token_malformed",
  "The token's header has `b64`; the payload must be base64url encoded.",
);
const BAD_KID = rejection(
  "token_malformed",
  `The token's \`kid\` must be a string of at most ${MAX_KID_LENGTH} characters.`,
);

/** `algorithms` are the pinned ones; `refused` is the answer to any other, made once because it lists them. */
export function readTokenHeader(
  segment: string,
  algorithms: ReadonlySet<Algorithm>,
  refused: Rejection,
): TokenHeader | Rejection {
  const header = parseStrictObject(segment);
  if (header === undefined) {
    return UNREADABLE;
  }
  if (Object.hasOwn(header, "enc") || Object.hasOwn(header, "zip")) {
    return ENCRYPTED;
  }
  if (Object.hasOwn(header, "crit")) {
    return CRITICAL;
  }
  if (Object.hasOwn(header, "b64")) {
    return UNENCODED;
  }
  const algorithm = memberOf(header, "alg");
  if (!isAlgorithm(algorithm) || !algorithms.has(algorithm)) {
    return refused;
  }
  const kid = memberOf(header, "kid");
  if (kid !== undefined && (typeof kid !== "string" || kid.length > MAX_KID_LENGTH)) {
    return BAD_KID;
  }
  return { ok: true, algorithm, kid };
}
