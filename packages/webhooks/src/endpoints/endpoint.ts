import type { PayloadFilter } from "./payload-filter.ts";

/**
 * - `none`: each message goes out as soon as it can; a retry may arrive after messages that are newer.
 * - `fifo`: the messages of a channel go out one after the other; one that fails holds up those behind it.
 */
export const ORDERINGS = ["none", "fifo"] as const;
type Ordering = (typeof ORDERINGS)[number];

/**
 * - `raw`: the bytes of the message as they were published.
 * - `envelope`: a JSON object with `type`, `timestamp` and `data`, as Standard Webhooks advises.
 */
export const PAYLOADS = ["raw", "envelope"] as const;
export type PayloadForm = (typeof PAYLOADS)[number];

/** A key that deliveries are signed with. */
export interface EndpointSecret {
  /** As it is given to the receiver: `whsec_` and base64. */
  readonly value: string;
  readonly createdAt: number;
  /** Signs until then, in milliseconds since the epoch. Left out for the current one. */
  readonly expiresAt?: number | undefined;
}

/** What the owner of an endpoint decides. */
interface EndpointConfig {
  readonly url: string;
  readonly description: string;
  /** Channels and patterns; at least one has to match. */
  readonly channels: readonly string[];
  /** Event names; empty for all, those without a name included. */
  readonly events: readonly string[];
  readonly filter?: PayloadFilter | undefined;
  readonly payload: PayloadForm;
  readonly ordering: Ordering;
  /** Attempts at the same time, of one dispatcher. */
  readonly concurrency: number;
  /** Attempts a second, of one dispatcher. 0: unlimited. */
  readonly ratePerSecond: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Nothing is sent, and what matches waits. */
  readonly paused: boolean;
}

/** `gone`: it answered 410. `failing`: nothing had succeeded for days. */
export const DISABLE_REASONS = ["gone", "failing"] as const;

/** Why nothing is sent to an endpoint any more, and since when. */
export interface Disablement {
  readonly reason: (typeof DISABLE_REASONS)[number];
  readonly at: number;
}

/**
 * - `current`: the secrets are sealed with the key that seals now. `old`: with another one that is known. `clear`: with none.
 * - `locked`: with a key that is not known here.
 */
export const SEALINGS = ["current", "old", "clear", "locked"] as const;
export type Sealing = (typeof SEALINGS)[number];

/** Secrets that cannot be read here. They stay as they are stored, and nothing is sent until they can. */
export interface Lock {
  readonly sealed: string;
  /** `key_missing`: no such key is configured. `damaged`: the key does not open it, or it was sealed for another endpoint. */
  readonly reason: "key_missing" | "damaged";
  readonly keyId: string;
}

/** An endpoint as it is worked with. */
export interface Endpoint extends EndpointConfig {
  readonly id: string;
  /** Newest first. */
  readonly secrets: readonly EndpointSecret[];
  readonly disabled?: Disablement | undefined;
  /** Then there are no secrets, and static headers have no values. */
  readonly locked?: Lock | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** With the revision by which a change can be made conditional. */
export interface StoredEndpoint {
  readonly endpoint: Endpoint;
  readonly revision: number;
  readonly sealing: Sealing;
}

/** The keys that sign now, newest first. */
export function signingSecrets(endpoint: Endpoint, now: number): readonly string[] {
  return endpoint.secrets
    .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    .map(({ value }) => value);
}
