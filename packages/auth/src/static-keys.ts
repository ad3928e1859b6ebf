import { type CryptoKey, importSPKI } from "jose";
import {
  type Algorithm,
  HMAC_HASHES,
  type HmacAlgorithm,
  isAlgorithm,
  isHmacAlgorithm,
  namesOf,
  type PublicKeyAlgorithm,
} from "./algorithms.ts";
import { AuthError } from "./auth-error.ts";
import { HmacSecret } from "./hmac-secret.ts";
import {
  algorithmsOf,
  importPublicJwk,
  isPrivate,
  isPublicKeyAlgorithm,
  MIN_RSA_BITS,
  mayVerify,
  modulusBits,
} from "./json-web-key.ts";
import type { RingKey } from "./key-ring.ts";
import { isJsonObject, type JsonObject, memberOf } from "./strict-json.ts";
import { MAX_KID_LENGTH } from "./token-header.ts";

interface KeyName {
  /** Tokens that carry this `kid` use this key. A key without one serves tokens whose `kid` names no other. */
  readonly kid?: string;
}

/** A secret shared with whoever issues the tokens. A string stands for its UTF-8 bytes. */
export interface SecretKey extends KeyName {
  readonly algorithm: HmacAlgorithm;
  readonly secret: string | Uint8Array;
}

/** A public key in SubjectPublicKeyInfo PEM (`-----BEGIN PUBLIC KEY-----`). */
export interface PublicKey extends KeyName {
  readonly algorithm: PublicKeyAlgorithm;
  readonly publicKeyPem: string;
}

/** A JSON Web Key. RSA and oct keys must carry `alg`; for others the curve gives it. */
export interface JsonWebKey extends KeyName {
  readonly jwk: JsonObject;
}

export type StaticKey = SecretKey | PublicKey | JsonWebKey;

/**
 * Imports the configured keys, once, each bound to its algorithm. Throws `AuthError` for a key that is unreadable,
 * too weak, of the wrong kind, or for an algorithm that is not pinned. Messages call a key by its place in the
 * list.
 */
export async function importStaticKeys(
  keys: readonly StaticKey[],
  pinned: ReadonlySet<Algorithm>,
): Promise<readonly RingKey[]> {
  const imported: RingKey[] = [];
  for (const [index, key] of keys.entries()) {
    imported.push(...(await importStaticKey(key, `keys[${index}]`, pinned)));
  }
  return imported;
}

async function importStaticKey(
  key: StaticKey,
  name: string,
  pinned: ReadonlySet<Algorithm>,
): Promise<readonly RingKey[]> {
  assertKid(key.kid, name);
  if ("jwk" in key) {
    return importJsonWebKey(key, name, pinned);
  }
  const { algorithm } = key;
  if (!isAlgorithm(algorithm)) {
    throw new AuthError(
      "key_invalid",
      `${name} is for ${JSON.stringify(algorithm)}, which is no algorithm known here`,
    );
  }
  if ("secret" in key) {
    return importSecret(key.secret, algorithm, key.kid, name, pinned);
  }
  if (!isPublicKeyAlgorithm(algorithm)) {
    throw new AuthError("key_invalid", `${name}: ${algorithm} needs a secret, not a public key`);
  }
  const cryptoKey = await importPem(key.publicKeyPem, algorithm, name);
  return publicRingKeys(cryptoKey, algorithm, key.kid, name, pinned);
}

async function importJsonWebKey(
  { jwk, kid }: JsonWebKey,
  name: string,
  pinned: ReadonlySet<Algorithm>,
): Promise<readonly RingKey[]> {
  if (!isJsonObject(jwk)) {
    throw new AuthError("key_invalid", `${name}.jwk must be a JSON object`);
  }
  if (isPrivate(jwk)) {
    throw new AuthError("key_invalid", `${name} is a private key; only the public half belongs here`);
  }
  if (!mayVerify(jwk)) {
    throw new AuthError("key_invalid", `${name} is not meant for verifying (its "use" or "key_ops")`);
  }
  const algorithms = algorithmsOf(jwk);
  const [algorithm] = algorithms;
  if (algorithm === undefined) {
    throw new AuthError(
      "key_invalid",
      `${name} has a "kty", "crv" or "alg" that no algorithm known here uses`,
    );
  }
  if (algorithms.length !== namesOf(algorithm).length) {
    throw new AuthError("key_invalid", `${name} must say in "alg" which algorithm it is for`);
  }
  const ownKid = kid ?? kidOf(jwk, name);
  if (!isPublicKeyAlgorithm(algorithm)) {
    const k = memberOf(jwk, "k");
    if (typeof k !== "string" || !/^[\w-]+$/.test(k)) {
      throw new AuthError("key_invalid", `${name}.jwk.k must be the secret in base64url`);
    }
    return importSecret(Buffer.from(k, "base64url"), algorithm, ownKid, name, pinned);
  }
  let cryptoKey: CryptoKey;
  try {
    cryptoKey = await importPublicJwk(jwk, algorithm);
  } catch (cause) {
    throw new AuthError("key_invalid", `${name} is not a valid key for ${algorithm}`, { cause });
  }
  return publicRingKeys(cryptoKey, algorithm, ownKid, name, pinned);
}

function importSecret(
  secret: string | Uint8Array,
  algorithm: Algorithm,
  kid: string | undefined,
  name: string,
  pinned: ReadonlySet<Algorithm>,
): readonly RingKey[] {
  if (!isHmacAlgorithm(algorithm)) {
    throw new AuthError("key_invalid", `${name}: ${algorithm} needs a public key, not a secret`);
  }
  const bytes = Buffer.from(secret);
  // A public key is no secret. Taken for one, it would let anybody sign tokens.
  if (bytes.includes("-----BEGIN ")) {
    throw new AuthError(
      "key_invalid",
      `${name} is a PEM given as a secret; use publicKeyPem and its algorithm`,
    );
  }
  const needed = HMAC_HASHES[algorithm].bytes;
  if (bytes.length < needed) {
    throw new AuthError(
      "key_weak",
      `${name} has ${bytes.length} bytes; ${algorithm} needs a random secret of at least ${needed}`,
    );
  }
  assertPinned(algorithm, name, pinned);
  return [{ kid, verification: { kind: "hmac", algorithm, secret: new HmacSecret(algorithm, bytes) } }];
}

async function importPem(pem: string, algorithm: PublicKeyAlgorithm, name: string): Promise<CryptoKey> {
  const text = typeof pem === "string" ? pem.trim() : "";
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new AuthError("key_invalid", `${name} is a private key; only the public half belongs here`);
  }
  if (!text.startsWith("-----BEGIN PUBLIC KEY-----")) {
    throw new AuthError(
      "key_invalid",
      `${name}.publicKeyPem must begin with -----BEGIN PUBLIC KEY----- ("openssl pkey -pubout" writes that form)`,
    );
  }
  try {
    return await importSPKI(text, algorithm);
  } catch (cause) {
    throw new AuthError("key_invalid", `${name} is not a valid public key for ${algorithm}`, { cause });
  }
}

function publicRingKeys(
  key: CryptoKey,
  algorithm: PublicKeyAlgorithm,
  kid: string | undefined,
  name: string,
  pinned: ReadonlySet<Algorithm>,
): readonly RingKey[] {
  const bits = modulusBits(key);
  if (bits !== undefined && bits < MIN_RSA_BITS) {
    throw new AuthError(
      "key_weak",
      `${name} is an RSA key of ${bits} bits; at least ${MIN_RSA_BITS} are needed`,
    );
  }
  assertPinned(algorithm, name, pinned);
  return namesOf(algorithm)
    .filter((alias) => pinned.has(alias))
    .map((alias) => ({ kid, verification: { kind: "public", algorithm: alias, key } }));
}

function assertPinned(algorithm: Algorithm, name: string, pinned: ReadonlySet<Algorithm>): void {
  if (!namesOf(algorithm).some((alias) => pinned.has(alias))) {
    throw new AuthError("algorithms_invalid", `${name} is for ${algorithm}, which algorithms does not list`);
  }
}

function kidOf(jwk: JsonObject, name: string): string | undefined {
  const kid = memberOf(jwk, "kid");
  assertKid(kid, `${name}.jwk`);
  return kid;
}

function assertKid(kid: unknown, name: string): asserts kid is string | undefined {
  if (kid !== undefined && (typeof kid !== "string" || kid.length === 0 || kid.length > MAX_KID_LENGTH)) {
    throw new AuthError("key_invalid", `${name}.kid must be a string of 1 to ${MAX_KID_LENGTH} characters`);
  }
}
