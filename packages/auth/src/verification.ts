import type { ErrorCode, GrantSet } from "@tidegate/protocol";

/** What a verified token says. Immutable; one per token, while `grants` is shared by all tokens alike. */
export interface Identity {
  /** The `userClaim`: 1 to 128 bytes of UTF-8, no control characters, no white space at either end. */
  readonly user: string;
  /**
   * Milliseconds since the epoch at which the token expires, as written in it: up to `leewayMs` in the past for a
   * token that was accepted late. Live connections end by it.
   */
  readonly expiresAt: number;
  /** Milliseconds since the epoch, if the token carries `iat`. */
  readonly issuedAt: number | undefined;
  readonly grants: GrantSet;
  /** JSON object of the forwarded claims that the token has, at most 4,096 bytes; `undefined` if it has none. */
  readonly claims: string | undefined;
}

/**
 * Every way a token can fail, and the code by which a client learns of it. The failure itself is the metric
 * label.
 *
 * `token_signature` also stands for a `kid` nobody knows, so that an answer does not tell which keys exist.
 */
export const VERIFICATION_FAILURES = {
  token_missing: { error: "token_missing" },
  token_malformed: { error: "token_invalid" },
  token_too_large: { error: "token_invalid" },
  token_algorithm: { error: "token_invalid" },
  token_signature: { error: "token_invalid" },
  token_expired: { error: "token_expired" },
  token_not_yet_valid: { error: "token_invalid" },
  token_issuer: { error: "token_invalid" },
  token_audience: { error: "token_invalid" },
  token_claims: { error: "token_invalid" },
  keys_unavailable: { error: "keys_unavailable" },
} as const satisfies Record<string, { readonly error: ErrorCode }>;

export type VerificationFailure = keyof typeof VERIFICATION_FAILURES;

/** `message` may be sent to the client: it says what to change and holds nothing of keys or of the token's signature. */
export interface Rejection {
  readonly ok: false;
  readonly failure: VerificationFailure;
  readonly message: string;
}

export type Verification = { readonly ok: true; readonly identity: Identity } | Rejection;

export function rejection(failure: VerificationFailure, message: string): Rejection {
  return Object.freeze({ ok: false, failure, message });
}
