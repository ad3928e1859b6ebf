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

/** Headers remembered; an issuer writes one or two. */
const MAX_HEADERS = 32;
/** Longest header remembered, in characters of base64url. */
const MAX_KEPT_LENGTH = 512;

/** Reads the headers of tokens, and remembers those that good tokens had: all of an issuer have the same. */
export class HeaderReader {
  readonly #algorithms: ReadonlySet<Algorithm>;
  readonly #badAlgorithm: Rejection;
  readonly #kept = new Map<string, TokenHeader>();

  /** @param algorithms the pinned ones. */
  constructor(algorithms: ReadonlySet<Algorithm>) {
    this.#algorithms = algorithms;
    const accepted = [...algorithms].join(", ");
    this.#badAlgorithm = rejection(
      "token_algorithm",
      `The token's algorithm is not accepted here. Sign it with one of: ${accepted}.`,
    );
  }

  read(segment: string): TokenHeader | Rejection {
    return this.#kept.get(segment) ?? this.#parse(segment);
  }

  /** Remembers a header. Not before the signature was checked: headers alone are anybody's to make up. */
  keep(segment: string, header: TokenHeader): void {
    if (segment.length > MAX_KEPT_LENGTH || this.#kept.has(segment)) {
      return;
    }
    if (this.#kept.size >= MAX_HEADERS) {
      this.#kept.clear();
    }
    // A copy: a slice would hold on to the whole token.
    this.#kept.set(Buffer.from(segment, "latin1").toString("latin1"), header);
  }

  #parse(segment: string): TokenHeader | Rejection {
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
    if (!isAlgorithm(algorithm) || !this.#algorithms.has(algorithm)) {
      return this.#badAlgorithm;
    }
    const kid = memberOf(header, "kid");
    if (kid !== undefined && (typeof kid !== "string" || kid.length > MAX_KID_LENGTH)) {
      return BAD_KID;
    }
    return { ok: true, algorithm, kid };
  }
}
