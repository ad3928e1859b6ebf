import { createHmac, generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";
import type { HmacAlgorithm, PublicKeyAlgorithm } from "./algorithms.ts";
import { HMAC_HASHES } from "./algorithms.ts";
import type { JsonObject } from "./strict-json.ts";
import type { Verification } from "./verification.ts";

/** Long enough for every HMAC algorithm. */
export const SECRET = "correct horse battery staple: sixty-four bytes of it, for HS512 too";

/** A fixed clock for tests that compare times: whole seconds, so that `exp` needs no rounding. */
export const NOW_MS = 1_800_000_000_000;
export const NOW_SECONDS = NOW_MS / 1_000;

export interface TestKey {
  readonly publicKeyPem: string;
  readonly privateKeyPem: string;
  /** The public half as a JSON Web Key, without `alg`, `kid` or `use`. */
  readonly jwk: JsonObject;
  readonly privateJwk: JsonObject;
}

/** A new key pair that fits `algorithm`. RSA keys have 2,048 bits unless told otherwise. */
export function newTestKey(algorithm: PublicKeyAlgorithm, modulusLength = 2_048): TestKey {
  const { publicKey, privateKey } = newPair(algorithm, modulusLength);
  return {
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    jwk: { ...publicKey.export({ format: "jwk" }) },
    privateJwk: { ...privateKey.export({ format: "jwk" }) },
  };
}

function newPair(algorithm: PublicKeyAlgorithm, modulusLength: number): KeyPairKeyObjectResult {
  switch (algorithm) {
    case "ES256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "ES384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case "ES512":
      return generateKeyPairSync("ec", { namedCurve: "P-521" });
    case "EdDSA":
    case "Ed25519":
      return generateKeyPairSync("ed25519");
    default:
      return generateKeyPairSync("rsa", { modulusLength });
  }
}

/** One base64url segment: of an object its JSON, of a string its very bytes. */
export function segment(content: unknown): string {
  return Buffer.from(typeof content === "string" ? content : JSON.stringify(content)).toString("base64url");
}

/** Signs whatever it is given as header and payload, JSON or not, well-formed or not. */
export function forge(
  header: unknown,
  payload: unknown,
  secret: string = SECRET,
  algorithm: HmacAlgorithm = "HS256",
): string {
  const signed = `${segment(header)}.${segment(payload)}`;
  return `${signed}.${createHmac(HMAC_HASHES[algorithm].hash, secret).update(signed).digest("base64url")}`;
}

/** Fails the test with the reason if the token was refused, so that the identity can be used without asking. */
export function identityOf(verification: Verification): (Verification & { ok: true })["identity"] {
  if (!verification.ok) {
    throw new Error(`refused: ${verification.failure}: ${verification.message}`);
  }
  return verification.identity;
}

/** The failure of a refused token, or `"accepted"`. */
export function outcomeOf(verification: Verification): string {
  return verification.ok ? "accepted" : verification.failure;
}
