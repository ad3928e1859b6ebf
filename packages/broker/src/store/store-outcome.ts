import type { Position } from "@tidegate/protocol";

/**
 * What became of a message for a replayable channel.
 *
 * - `stored`: the stream has it; `duplicate`: it had one with this key before, at `position`.
 * - `unconfirmed`: no answer in time; it may be stored or not.
 * - `unavailable`: not stored: no link, or the stream is missing or has no leader.
 */
export type StoreOutcome =
  | { readonly kind: "stored"; readonly position: Position; readonly duplicate: boolean }
  | { readonly kind: "unconfirmed" }
  | { readonly kind: "unavailable"; readonly message: string }
  | { readonly kind: "too_large" }
  | { readonly kind: "busy" }
  | { readonly kind: "denied" };
