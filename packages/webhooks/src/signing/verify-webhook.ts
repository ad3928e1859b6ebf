import { createHmac, verify as verifyBytes } from "node:crypto";
import { clockSkew, readUnixSeconds } from "./clock-skew.ts";
import { sameBytes } from "./same-bytes.ts";
import { WEBHOOK_ID } from "./sign-webhook.ts";
import { decodeBase64 } from "./strict-base64.ts";
import type { VerifyingKey } from "./webhook-secret.ts";

/** The three headers as they came; undefined for one that is missing. */
export interface ReceivedSignature {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly body: Uint8Array;
}

/**
 * Why a request is not accepted; for logs and metrics of the receiver, never for the sender.
 *
 * - `missing_header`: without id, timestamp or signature nothing is checked.
 * - `malformed_header`: one of them is not what it should be.
 * - `too_old`, `too_new`: the signed time is too far from the clock here.
 * - `wrong_signature`: none of the signatures belongs to one of the secrets.
 */
export type SignatureFault =
  | "missing_header"
  | "malformed_header"
  | "too_old"
  | "too_new"
  | "wrong_signature";

export type SignatureVerdict =
  | { readonly kind: "valid"; readonly id: string }
  | { readonly kind: "refused"; readonly fault: SignatureFault };

/** Far more than rotation needs; bounds the work that a request without a valid signature can cause. */
const MOST_SIGNATURES = 32;
const LONGEST_HEADER = 4096;
const ED25519_SIGNATURE_BYTES = 64;

/**
 * Verifies a request by Standard Webhooks: any signature with any of the secrets will do. Signatures of versions that are not
 * known are passed over. Never throws.
 *
 * @param nowMs the time here, in Unix milliseconds.
 */
export function verifyWebhook(
  received: ReceivedSignature,
  keys: readonly VerifyingKey[],
  nowMs: number,
): SignatureVerdict {
  const { id, timestamp, signature, body } = received;
  if (id === undefined || timestamp === undefined || signature === undefined)
    return refused("missing_header");
  const seconds = readUnixSeconds(timestamp);
  const candidates = signature.length > LONGEST_HEADER ? [] : signature.split(" ");
  if (
    seconds === undefined ||
    !WEBHOOK_ID.test(id) ||
    candidates.length === 0 ||
    candidates.length > MOST_SIGNATURES
  ) {
    return refused("malformed_header");
  }
  const skew = clockSkew(seconds, nowMs);
  if (skew !== "fits") return refused(skew);
  // The text of the header, and not the number again: leading zeros are part of what was signed.
  const prefix = `${id}.${timestamp}.`;
  return keys.some((key) => matches(key, prefix, body, candidates))
    ? { kind: "valid", id }
    : refused("wrong_signature");
}

function matches(
  { version, key }: VerifyingKey,
  prefix: string,
  body: Uint8Array,
  candidates: readonly string[],
): boolean {
  const given = candidates
    .filter((candidate) => candidate.startsWith(`${version},`))
    .map((candidate) => candidate.slice(version.length + 1));
  if (given.length === 0) return false;
  if (version === "v1") {
    const expected = createHmac("sha256", key).update(prefix).update(body).digest("base64");
    return given.some((signature) => sameBytes(signature, expected));
  }
  const message = Buffer.concat([Buffer.from(prefix), body]);
  return given.some((signature) => {
    const bytes = decodeBase64(signature);
    return bytes?.length === ED25519_SIGNATURE_BYTES && verifyBytes(null, message, key, bytes);
  });
}

function refused(fault: SignatureFault): SignatureVerdict {
  return { kind: "refused", fault };
}
