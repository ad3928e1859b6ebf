import type { CloseName } from "@tidegate/protocol";
import type { GatewayLimits } from "../limits.ts";
import type { ConnectionState } from "./connection-state.ts";
import type { Outbox } from "./outbox.ts";

/** Why a connection has to end. */
export interface Ending {
  readonly name: CloseName;
  readonly reason: string;
}

/** What has run out for a connection, if anything has. */
export function overdue(
  state: ConnectionState,
  outbox: Outbox,
  limits: GatewayLimits,
  now: number,
): Ending | undefined {
  if (outbox.overflowed) {
    return { name: "slow_consumer", reason: "too much was waiting to be read" };
  }
  if (now < stateDeadline(state)) {
    return outbox.state.kind === "lagging" && now >= outbox.state.since + limits.laggingMs
      ? { name: "slow_consumer", reason: "read faster, or subscribe to less" }
      : undefined;
  }
  return state.kind === "waiting" || state.kind === "verifying"
    ? { name: "connect_timeout", reason: `connect within ${limits.unauthenticatedMs} ms` }
    : { name: "token_expired", reason: "reconnect with a new token, or refresh before it expires" };
}

/** When {@link overdue} has to be asked again; in the past if it has something to say now. */
export function nextDeadline(state: ConnectionState, outbox: Outbox, limits: GatewayLimits): number {
  if (outbox.overflowed) {
    return 0;
  }
  const lagging =
    outbox.state.kind === "lagging" ? outbox.state.since + limits.laggingMs : Number.POSITIVE_INFINITY;
  return Math.min(stateDeadline(state), lagging);
}

function stateDeadline(state: ConnectionState): number {
  switch (state.kind) {
    case "waiting":
    case "verifying":
      return state.deadline;
    case "open":
    case "leaving":
      return state.principal?.expiresAt ?? Number.POSITIVE_INFINITY;
    case "closed":
      return Number.POSITIVE_INFINITY;
  }
}
