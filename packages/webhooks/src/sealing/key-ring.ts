import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { WebhooksError } from "../webhooks-error.ts";

/** What opening came to. `key_missing`: sealed with a key that is not in the ring. `damaged`: not what was sealed, or not for this place. */
export type Opened =
  | { readonly ok: true; readonly text: string; readonly isCurrent: boolean }
  | { readonly ok: false; readonly reason: "key_missing" | "damaged"; readonly keyId: string };

const CIPHER = "aes-256-gcm";
const VERSION = "v1";
/** The size that GCM is made for. Random ones may be used 2^32 times with a key: that many endpoints are never written. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key as it is configured: `<id>:<base64 of 32 bytes>`. */
export const RING_KEY = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/;
const SEALED = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]+)$/;

interface RingKey {
  readonly id: string;
  readonly key: KeyObject;
}

function parseKey(text: string): RingKey | undefined {
  const [, id, encoded] = RING_KEY.exec(text) ?? [];
  if (id === undefined || encoded === undefined) return undefined;
  return { id, key: createSecretKey(encoded, "base64") };
}

/**
 * Keys that secrets are encrypted with at rest: AES-256-GCM. The first seals, all of them open. What is sealed reads
 * `v1.<key id>.<nonce, ciphertext and tag in base64url>`, and opens only in the place that it was sealed for.
 */
export class KeyRing {
  /** That seals. */
  readonly #current: RingKey;
  readonly #keys: ReadonlyMap<string, KeyObject>;

  /** @throws WebhooksError `invalid` without keys, for what is no key, and for an id given twice; never with a key. */
  constructor(texts: readonly string[]) {
    const keys = new Map<string, KeyObject>();
    let current: RingKey | undefined;
    for (const [index, text] of texts.entries()) {
      const parsed = parseKey(text);
      if (parsed === undefined) {
        throw new WebhooksError("invalid", `key ${index + 1} is not <id>:<base64 of 32 bytes>`);
      }
      if (keys.has(parsed.id)) throw new WebhooksError("invalid", `two keys have the id ${parsed.id}`);
      keys.set(parsed.id, parsed.key);
      current ??= parsed;
    }
    if (current === undefined) throw new WebhooksError("invalid", "a key ring has at least one key");
    this.#current = current;
    this.#keys = keys;
  }

  /** @param place what it belongs to: it opens nowhere else. */
  seal(text: string, place: string): string {
    const { id, key } = this.#current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(additionalData(id, place));
    const body = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `${VERSION}.${id}.${body.toString("base64url")}`;
  }

  /** Never throws, and tells nothing about why something is damaged. */
  open(sealed: string, place: string): Opened {
    const [, keyId = "", encoded = ""] = SEALED.exec(sealed) ?? [];
    const key = this.#keys.get(keyId);
    if (key === undefined) return { ok: false, reason: keyId === "" ? "damaged" : "key_missing", keyId };
    const body = Buffer.from(encoded, "base64url");
    // Two texts must not be the same bytes.
    const isExact = body.toString("base64url") === encoded;
    if (!isExact || body.length < NONCE_BYTES + TAG_BYTES) return { ok: false, reason: "damaged", keyId };
    const nonce = body.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(keyId, place));
    decipher.setAuthTag(body.subarray(-TAG_BYTES));
    try {
      const ciphertext = body.subarray(NONCE_BYTES, -TAG_BYTES);
      const text = Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString("utf8");
      return { ok: true, text, isCurrent: keyId === this.#current.id };
    } catch {
      return { ok: false, reason: "damaged", keyId };
    }
  }
}

/** The id of a sealed text's key; empty for what is no sealed text. */
export function keyIdOf(sealed: string): string {
  return SEALED.exec(sealed)?.[1] ?? "";
}

function additionalData(keyId: string, place: string): Buffer {
  return Buffer.from(`tidegate:${VERSION}:${keyId}:${place}`, "utf8");
}
