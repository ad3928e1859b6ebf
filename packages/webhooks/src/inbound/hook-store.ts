import { createHash } from "node:crypto";
import type { TraceContext } from "@tidegate/protocol";

/** A delivery on its way into the store. */
export interface StoredHook {
  readonly source: string;
  /** What repetitions have in common: one that is stored is not stored again. */
  readonly key: string;
  readonly headers: HookHeaders;
  readonly body: Uint8Array;
}

/** What the consumers of `hook.in.>` read beside the body. */
export interface HookHeaders {
  readonly source: string;
  readonly scheme: string;
  /** The sender's id of the delivery. */
  readonly id: string;
  /** The sender's name for this kind of event. */
  readonly event: string | undefined;
  readonly contentType: string;
  /** How often the message has gone out as a webhook of this system. */
  readonly hops: number;
  readonly trace?: TraceContext | undefined;
}

/**
 * - `stored`: it is safe.
 * - `duplicate`: it was stored before.
 * - `unavailable`: it is not known to be safe; the sender must try again. Should it be stored after all, its repetition will be
 *   a duplicate.
 * - `too_large`: it never will be.
 */
export type HookStoreOutcome =
  | { readonly kind: "stored" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "unavailable"; readonly reason: string }
  | { readonly kind: "too_large" };

/** Keeps deliveries for days. Never rejects. */
export interface HookStore {
  store(hook: StoredHook): Promise<HookStoreOutcome>;
}

/** Where deliveries are kept. */
export class HookNames {
  /** `hook.in`: deliveries stand under `hook.in.<source>.<key>`. */
  readonly subject: string;
  readonly stream: string;

  constructor(subject: string) {
    this.subject = subject;
    this.stream = subject.replaceAll(".", "_");
  }

  /** Ids of senders may hold anything; hashed, they are tokens of a subject, all of one length. */
  delivery(source: string, key: string): string {
    return `${this.subject}.${source}.${createHash("sha256").update(key).digest("base64url")}`;
  }

  /** All deliveries of a source. */
  deliveries(source: string): string {
    return `${this.subject}.${source}.*`;
  }
}
