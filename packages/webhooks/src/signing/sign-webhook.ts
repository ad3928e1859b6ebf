import { createHmac, sign as signBytes } from "node:crypto";
import type { SigningKey } from "./webhook-secret.ts";

/** What a signature of Standard Webhooks covers. */
export interface SignedContent {
  /** `webhook-id`: the same over all attempts. 1 to 255 characters of visible ASCII without `.`. */
  readonly id: string;
  /** `webhook-timestamp`: when this attempt is made, in whole Unix seconds. */
  readonly timestamp: number;
  /** The bytes of the request body, exactly. */
  readonly body: Uint8Array;
}

export interface SignatureHeaders {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/** Visible ASCII without the dot, which separates the id from the timestamp in what is signed. */
export const WEBHOOK_ID = /^[!-\-/-~]{1,255}$/;

/**
 * The value of `webhook-signature`: one signature per key, in the order of the keys. During a rotation there are two.
 *
 * @throws TypeError without keys, for an id that could be taken for something else, for a timestamp that is not whole seconds.
 */
export function signWebhook(content: SignedContent, keys: readonly SigningKey[]): string {
  const { id, timestamp } = content;
  if (keys.length === 0) throw new TypeError("signing takes at least one key");
  if (!WEBHOOK_ID.test(id))
    throw new TypeError("a webhook id is 1 to 255 visible ASCII characters without a dot");
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw new TypeError("a webhook timestamp is in whole Unix seconds");
  }
  return keys.map((key) => `${key.version},${signature(content, key)}`).join(" ");
}

/**
 * The three headers of Standard Webhooks.
 *
 * @throws TypeError as {@link signWebhook}.
 */
export function signatureHeaders(content: SignedContent, keys: readonly SigningKey[]): SignatureHeaders {
  return {
    "webhook-id": content.id,
    "webhook-timestamp": String(content.timestamp),
    "webhook-signature": signWebhook(content, keys),
  };
}

function signature({ id, timestamp, body }: SignedContent, { version, key }: SigningKey): string {
  const prefix = `${id}.${timestamp}.`;
  switch (version) {
    case "v1":
      return createHmac("sha256", key).update(prefix).update(body).digest("base64");
    case "v1a":
      // Ed25519 takes the message in one piece.
      return signBytes(null, Buffer.concat([Buffer.from(prefix), body]), key).toString("base64");
  }
}
