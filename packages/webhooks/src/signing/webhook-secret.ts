import type { KeyObject } from "node:crypto";
import { createPrivateKey, createPublicKey, createSecretKey, randomBytes } from "node:crypto";
import { WebhooksError } from "../webhooks-error.ts";
import { decodeBase64 } from "./strict-base64.ts";

/**
 * What a sender signs with.
 *
 * - `v1`: HMAC-SHA256; the receiver has the same key.
 * - `v1a`: ed25519; the receiver has only the public half.
 */
export interface SigningKey {
  readonly version: "v1" | "v1a";
  readonly key: KeyObject;
}

/** What a receiver checks with. */
export interface VerifyingKey {
  readonly version: "v1" | "v1a";
  readonly key: KeyObject;
}

/** A secret in the form in which it is stored and shown once. */
export interface GeneratedSecret {
  /** `whsec_…`, or `whsk_…` for an asymmetric one. */
  readonly secret: string;
  /** `whpk_…`: what receivers of an asymmetric one get. */
  readonly publicKey: string | undefined;
}

const SYMMETRIC = "whsec_";
const PRIVATE = "whsk_";
const PUBLIC = "whpk_";
/** Some dashboards show the version of the signature in front of the secret. */
const VERSIONED = /^v1a?,(?=wh)/;

/** From the specification. */
const SHORTEST_BYTES = 24;
const LONGEST_BYTES = 64;
const GENERATED_BYTES = 32;
const ED25519_BYTES = 32;

/**
 * Reads `whsec_` and base64 of 24 to 64 bytes, or `whsk_` and base64 of an ed25519 seed (32 bytes) or of seed and public key
 * (64 bytes). A secret without its prefix is refused: senders do not agree on whether it would be base64.
 *
 * @throws WebhooksError `invalid`, without the secret in its message.
 */
export function parseSigningSecret(text: string): SigningKey {
  const secret = text.replace(VERSIONED, "");
  if (secret.startsWith(SYMMETRIC)) return { version: "v1", key: symmetricKey(secret) };
  if (secret.startsWith(PRIVATE)) return { version: "v1a", key: privateKey(secret) };
  throw new WebhooksError("invalid", `a signing secret begins with ${SYMMETRIC} or ${PRIVATE}`);
}

/**
 * Reads `whsec_…` as {@link parseSigningSecret}, or `whpk_` and base64 of an ed25519 public key (32 bytes). A private key is
 * refused: a receiver has no use for one, and should not know it.
 *
 * @throws WebhooksError `invalid`, without the secret in its message.
 */
export function parseVerifyingSecret(text: string): VerifyingKey {
  const secret = text.replace(VERSIONED, "");
  if (secret.startsWith(SYMMETRIC)) return { version: "v1", key: symmetricKey(secret) };
  if (secret.startsWith(PUBLIC)) return { version: "v1a", key: publicKey(secret) };
  const hint = secret.startsWith(PRIVATE) ? `; a receiver needs the ${PUBLIC} half only` : "";
  throw new WebhooksError("invalid", `a verifying secret begins with ${SYMMETRIC} or ${PUBLIC}${hint}`);
}

/** Makes a new secret from the system's randomness. */
export function generateSecret(version: "v1" | "v1a"): GeneratedSecret {
  const bytes = randomBytes(version === "v1" ? GENERATED_BYTES : ED25519_BYTES);
  if (version === "v1") return { secret: `${SYMMETRIC}${bytes.toString("base64")}`, publicKey: undefined };
  const half = publicBytes(bytes);
  return {
    secret: `${PRIVATE}${Buffer.concat([bytes, half]).toString("base64")}`,
    publicKey: `${PUBLIC}${half.toString("base64")}`,
  };
}

/**
 * The public half, `whpk_…`, of an asymmetric secret; undefined for a symmetric one, which has none.
 *
 * @throws WebhooksError as {@link parseSigningSecret}.
 */
export function publicKeyOf(secret: string): string | undefined {
  const { version, key } = parseSigningSecret(secret);
  if (version === "v1") return undefined;
  return `${PUBLIC}${rawPublicKey(key).toString("base64")}`;
}

function symmetricKey(secret: string): KeyObject {
  const bytes = decodeBase64(secret.slice(SYMMETRIC.length));
  if (bytes === undefined || bytes.length < SHORTEST_BYTES || bytes.length > LONGEST_BYTES) {
    throw new WebhooksError(
      "invalid",
      `after ${SYMMETRIC} comes the base64 of ${SHORTEST_BYTES} to ${LONGEST_BYTES} bytes`,
    );
  }
  return createSecretKey(bytes);
}

function privateKey(secret: string): KeyObject {
  const bytes = decodeBase64(secret.slice(PRIVATE.length));
  if (bytes === undefined || (bytes.length !== ED25519_BYTES && bytes.length !== 2 * ED25519_BYTES)) {
    throw new WebhooksError(
      "invalid",
      `after ${PRIVATE} comes the base64 of an ed25519 seed, or of seed and public key (32 or 64 bytes)`,
    );
  }
  const seed = bytes.subarray(0, ED25519_BYTES);
  const half = publicBytes(seed);
  // With another public half receivers would refuse every signature, and nobody would know why.
  if (bytes.length > ED25519_BYTES && !half.equals(bytes.subarray(ED25519_BYTES))) {
    throw new WebhooksError("invalid", `the two halves of the ${PRIVATE} secret do not belong together`);
  }
  return importSeed(seed);
}

function publicKey(secret: string): KeyObject {
  const bytes = decodeBase64(secret.slice(PUBLIC.length));
  if (bytes === undefined || bytes.length !== ED25519_BYTES) {
    throw new WebhooksError(
      "invalid",
      `after ${PUBLIC} comes the base64 of an ed25519 public key (32 bytes)`,
    );
  }
  return createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") },
    format: "jwk",
  });
}

/** DER of a PKCS #8 private key of ed25519, up to the seed. A JWK would have to contain the public half. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

function importSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

function publicBytes(seed: Uint8Array): Buffer {
  return rawPublicKey(importSeed(seed));
}

/** The last bytes of the DER form are the key itself. */
function rawPublicKey(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-ED25519_BYTES);
}
