import { type CryptoKey, importJWK, type JWK } from "jose";
import {
  type Algorithm,
  HMAC_ALGORITHMS,
  isAlgorithm,
  isHmacAlgorithm,
  namesOf,
  type PublicKeyAlgorithm,
} from "./algorithms.ts";
import { type JsonObject, memberOf } from "./strict-json.ts";

/** Shortest RSA modulus, in bits (RFC 7518 sections 3.3 and 3.5). */
export const MIN_RSA_BITS = 2048;

const RSA_ALGORITHMS: readonly Algorithm[] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const CURVE_ALGORITHMS: ReadonlyMap<unknown, Algorithm> = new Map([
  ["P-256", "ES256"],
  ["P-384", "ES384"],
  ["P-521", "ES512"],
]);

/** The algorithms a JSON Web Key can serve by its `kty`, `crv` and `alg` members; none if it is of no use here. */
export function algorithmsOf(jwk: JsonObject): readonly Algorithm[] {
  const possible = algorithmsOfType(jwk);
  const alg = memberOf(jwk, "alg");
  if (alg === undefined) {
    return possible;
  }
  return isAlgorithm(alg) && possible.includes(alg) ? namesOf(alg) : [];
}

/** Whether `use` and `key_ops`, where present, allow the key to verify signatures. */
export function mayVerify(jwk: JsonObject): boolean {
  const use = memberOf(jwk, "use");
  const operations = memberOf(jwk, "key_ops");
  return (
    (use === undefined || use === "sig") &&
    (operations === undefined || (Array.isArray(operations) && operations.includes("verify")))
  );
}

/** Whether the key holds what only its owner may know: the private half. */
export function isPrivate(jwk: JsonObject): boolean {
  return Object.hasOwn(jwk, "d");
}

/**
 * Imports a public JSON Web Key for one algorithm; rejects if the key does not fit it. Only the members that
 * make the key are passed on: no pointers to elsewhere (`x5u`), no certificates, nothing unknown.
 */
export async function importPublicJwk(jwk: JsonObject, algorithm: PublicKeyAlgorithm): Promise<CryptoKey> {
  const material: Record<string, string> = {};
  for (const name of ["kty", "crv", "x", "y", "n", "e"]) {
    const value = memberOf(jwk, name);
    if (typeof value === "string") {
      material[name] = value;
    }
  }
  const key = await importJWK(material as JWK, algorithm);
  if (key instanceof Uint8Array) {
    throw new TypeError("a symmetric key cannot stand in for a public one");
  }
  return key;
}

/** The size of an RSA modulus in bits, or `undefined` for other keys. */
export function modulusBits(key: CryptoKey): number | undefined {
  const { algorithm } = key;
  return "modulusLength" in algorithm && typeof algorithm.modulusLength === "number"
    ? algorithm.modulusLength
    : undefined;
}

export function isPublicKeyAlgorithm(algorithm: Algorithm): algorithm is PublicKeyAlgorithm {
  return !isHmacAlgorithm(algorithm);
}

function algorithmsOfType(jwk: JsonObject): readonly Algorithm[] {
  switch (memberOf(jwk, "kty")) {
    case "oct":
      return HMAC_ALGORITHMS;
    case "RSA":
      return RSA_ALGORITHMS;
    case "EC": {
      const algorithm = CURVE_ALGORITHMS.get(memberOf(jwk, "crv"));
      return algorithm === undefined ? [] : [algorithm];
    }
    case "OKP":
      return memberOf(jwk, "crv") === "Ed25519" ? namesOf("EdDSA") : [];
    default:
      return [];
  }
}
