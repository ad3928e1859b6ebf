import type { CloseName } from "@tidegate/protocol";
import type { Principal } from "../namespace-policies.ts";
import type { Entrance } from "./entrance.ts";

/** What a connection is asked to leave for. */
export type LeavingCause = Extract<CloseName, "draining" | "connection_age">;

/**
 * - `entering`: not authenticated yet.
 * - `open`: authenticated; it has to go when it is too old, at `ageAt`.
 * - `leaving`: told to go, because of `cause`; ends with the last request in flight.
 * - `closed`: nothing is sent or handled any more.
 */
export type ConnectionState =
  | { readonly kind: "entering"; readonly entrance: Entrance }
  | { readonly kind: "open"; readonly principal: Principal; readonly ageAt: number }
  | { readonly kind: "leaving"; readonly principal: Principal; readonly cause: LeavingCause }
  | { readonly kind: "closed" };

export const CLOSED: ConnectionState = { kind: "closed" };

export function isAuthenticated(
  state: ConnectionState,
): state is ConnectionState & { kind: "open" | "leaving" } {
  return state.kind === "open" || state.kind === "leaving";
}

/** What a client is told that is asked to go elsewhere. */
export const LEAVING_WORDS: Readonly<Record<LeavingCause, string>> = {
  draining: "the node is leaving",
  connection_age: "the connection is old enough; come back, perhaps to another node",
};
