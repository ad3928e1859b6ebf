/** Shared-secret algorithms. The gateway that verifies could also sign, so a key set may never bring one. */
export const HMAC_ALGORITHMS = ["HS256", "HS384", "HS512"] as const;
export type HmacAlgorithm = (typeof HMAC_ALGORITHMS)[number];

/** `Ed25519` (RFC 9864) and `EdDSA` (RFC 8037) name the same algorithm here: no other EdDSA curve is supported. */
export const PUBLIC_KEY_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export type PublicKeyAlgorithm = (typeof PUBLIC_KEY_ALGORITHMS)[number];

/** Every signature algorithm a configuration can pin. `none` is not among them, so nothing can ask for it. */
export const ALGORITHMS = [...HMAC_ALGORITHMS, ...PUBLIC_KEY_ALGORITHMS] as const;
export type Algorithm = HmacAlgorithm | PublicKeyAlgorithm;

/** Exact and case-sensitive, as RFC 7515 section 4.1.1 has it: `hs256` and `nOnE` are no algorithms. */
export function isAlgorithm(value: unknown): value is Algorithm {
  return (ALGORITHMS as readonly unknown[]).includes(value);
}

export function isHmacAlgorithm(algorithm: Algorithm): algorithm is HmacAlgorithm {
  return (HMAC_ALGORITHMS as readonly Algorithm[]).includes(algorithm);
}

/** The hash of an HMAC algorithm, and the shortest secret it may have: as long as its output (RFC 7518, 3.2). */
export const HMAC_HASHES = {
  HS256: { hash: "sha256", bytes: 32 },
  HS384: { hash: "sha384", bytes: 48 },
  HS512: { hash: "sha512", bytes: 64 },
} as const satisfies Record<HmacAlgorithm, { readonly hash: string; readonly bytes: number }>;

/** The other names under which a key of `algorithm` may verify: the two names of Ed25519, otherwise only its own. */
export function namesOf(algorithm: Algorithm): readonly Algorithm[] {
  return algorithm === "EdDSA" || algorithm === "Ed25519" ? ["EdDSA", "Ed25519"] : [algorithm];
}
