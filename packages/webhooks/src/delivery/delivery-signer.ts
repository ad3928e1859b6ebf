import { signatureHeaders } from "../signing/sign-webhook.ts";
import type { SigningKey } from "../signing/webhook-secret.ts";
import { parseSigningSecret } from "../signing/webhook-secret.ts";

/** Parsed keys that are kept; parsing an asymmetric one costs several times what signing does. */
const MAX_KEYS = 10_000;

/** Makes the headers that prove to the receiver where a delivery comes from: Standard Webhooks, with every key that is valid now. */
export class DeliverySigner {
  readonly #keys = new Map<string, SigningKey>();

  /**
   * @param timestamp of this attempt, in whole seconds since the epoch.
   * @param secrets at least one, as they were validated when they were stored.
   */
  sign(
    id: string,
    timestamp: number,
    body: Uint8Array,
    secrets: readonly string[],
  ): Readonly<Record<string, string>> {
    const keys = secrets.map((secret) => this.#keyOf(secret));
    return { ...signatureHeaders({ id, timestamp, body }, keys) };
  }

  #keyOf(secret: string): SigningKey {
    const known = this.#keys.get(secret);
    if (known !== undefined) return known;
    const key = parseSigningSecret(secret);
    if (this.#keys.size >= MAX_KEYS) this.#keys.clear();
    this.#keys.set(secret, key);
    return key;
  }
}
