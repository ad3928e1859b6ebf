import type { Identity } from "./verification.ts";

/**
 * Whether `next` may replace `current` on a live connection. A refresh may change grants, claims and expiry but
 * never the user: subscriptions, presence and published messages are already tied to that name.
 */
export function sameSubject(current: Identity, next: Identity): boolean {
  return current.user === next.user;
}
