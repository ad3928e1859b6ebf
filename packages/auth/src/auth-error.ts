/**
 * - `algorithms_invalid`: the pinned algorithms are empty, unknown, repeated, or none of the keys can serve one.
 * - `key_invalid`: a key cannot be read, is of the wrong kind for its algorithm, or is a private key.
 * - `key_weak`: an HMAC secret or RSA modulus is too short.
 * - `keys_missing`: there is neither a key nor a key set.
 * - `key_set_invalid`: the URL of the key set is not one that keys may be fetched from.
 * - `option_invalid`: another option is out of range.
 */
export type AuthErrorCode =
  | "algorithms_invalid"
  | "key_invalid"
  | "key_weak"
  | "keys_missing"
  | "key_set_invalid"
  | "option_invalid";

/**
 * A configuration that a verifier refuses to start with. Messages name the option and what to change, and hold
 * no key material. A token that fails is not an error: see `Verification`.
 */
export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly code: AuthErrorCode;

  constructor(code: AuthErrorCode, message: string, options?: { readonly cause: unknown }) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
