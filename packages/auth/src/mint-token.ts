import type { GrantPatterns } from "@tidegate/protocol";
import { type CryptoKey, importPKCS8, SignJWT } from "jose";
import type { HmacAlgorithm, PublicKeyAlgorithm } from "./algorithms.ts";

export interface TokenClaims {
  readonly sub: string;
  readonly grants?: GrantPatterns;
  /** Seconds until the token expires, counted from `nowMs`. Negative makes a token that has expired. */
  readonly expiresInSeconds: number;
  readonly issuer?: string;
  readonly audience?: string | readonly string[];
  /** Further claims. Those above win over claims of the same name. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** A private key is a PKCS#8 PEM or an imported key. */
export type SigningKey = { readonly kid?: string } & (
  | { readonly algorithm: HmacAlgorithm; readonly secret: string | Uint8Array }
  | { readonly algorithm: PublicKeyAlgorithm; readonly privateKey: string | CryptoKey }
);

/**
 * Signs a token: for development and tests, not an issuer. Nothing is checked but what signing needs, so that
 * tests can also make tokens that a verifier must refuse. Throws `TypeError` for a lifetime that is no number.
 */
export async function mintToken(claims: TokenClaims, key: SigningKey, nowMs = Date.now()): Promise<string> {
  if (!Number.isFinite(claims.expiresInSeconds)) {
    throw new TypeError("expiresInSeconds must be a finite number");
  }
  const issuedAt = Math.floor(nowMs / 1_000);
  const payload: Record<string, unknown> = {
    ...claims.extra,
    sub: claims.sub,
    iat: issuedAt,
    exp: issuedAt + claims.expiresInSeconds,
  };
  if (claims.grants !== undefined) {
    payload["grants"] = claims.grants;
  }
  if (claims.issuer !== undefined) {
    payload["iss"] = claims.issuer;
  }
  if (claims.audience !== undefined) {
    payload["aud"] = claims.audience;
  }
  const header = { alg: key.algorithm, typ: "JWT", ...(key.kid === undefined ? {} : { kid: key.kid }) };
  return new SignJWT(payload).setProtectedHeader(header).sign(await signingMaterial(key));
}

async function signingMaterial(key: SigningKey): Promise<Uint8Array | CryptoKey> {
  if ("secret" in key) {
    return typeof key.secret === "string" ? new TextEncoder().encode(key.secret) : key.secret;
  }
  return typeof key.privateKey === "string" ? importPKCS8(key.privateKey, key.algorithm) : key.privateKey;
}
