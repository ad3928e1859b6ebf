import type { Principal } from "../namespace-policies.ts";
import type { HeldFrames } from "./held-frames.ts";

/**
 * - `waiting`: for `connect`, until the deadline.
 * - `verifying`: a token is being verified; what the client sends is held.
 * - `open`: authenticated.
 * - `leaving`: the node drains; ends with the last request in flight.
 * - `closed`: nothing is sent or handled any more.
 */
export type ConnectionState =
  | { readonly kind: "waiting"; readonly deadline: number }
  | { readonly kind: "verifying"; readonly deadline: number; readonly held: HeldFrames }
  | { readonly kind: "open"; readonly principal: Principal }
  | { readonly kind: "leaving"; readonly principal: Principal }
  | { readonly kind: "closed" };

export const CLOSED: ConnectionState = { kind: "closed" };
