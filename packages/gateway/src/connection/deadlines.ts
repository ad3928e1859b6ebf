import type { GatewayLimits } from "../limits.ts";
import type { ConnectionState } from "./connection-state.ts";
import type { Ending } from "./ending.ts";
import type { OutboxState } from "./outbox.ts";

/**
 * What has run out for a connection, if anything has.
 *
 * @param expiresAt when its token does; all times are of one clock.
 * @param behindSince since when subscriptions have been behind, if any are.
 */
export function overdue(
  state: ConnectionState,
  expiresAt: number,
  outbox: OutboxState,
  behindSince: number | undefined,
  limits: GatewayLimits,
  now: number,
): Ending | undefined {
  if (outbox.kind === "broken") {
    return { name: "slow_consumer", reason: "too much was waiting to be read" };
  }
  if (now >= stateDeadline(state, expiresAt)) {
    return state.kind === "entering"
      ? { name: "connect_timeout", reason: `connect within ${limits.unauthenticatedMs} ms` }
      : { name: "token_expired", reason: "reconnect with a new token, or refresh before it expires" };
  }
  return now >= Math.min(outboxDeadline(outbox, limits), catchUpDeadline(behindSince, limits))
    ? { name: "slow_consumer", reason: "read faster, or subscribe to less" }
    : undefined;
}

/** Whether it has to make room for where it would go now; in order, as nothing is wrong with it. */
export function isTooOld(state: ConnectionState, now: number): boolean {
  return now >= ageDeadline(state);
}

/** When {@link overdue} and {@link isTooOld} have to be asked again; in the past if they have something to say now. */
export function nextDeadline(
  state: ConnectionState,
  expiresAt: number,
  outbox: OutboxState,
  behindSince: number | undefined,
  limits: GatewayLimits,
): number {
  return Math.min(
    stateDeadline(state, expiresAt),
    ageDeadline(state),
    outboxDeadline(outbox, limits),
    catchUpDeadline(behindSince, limits),
  );
}

function ageDeadline(state: ConnectionState): number {
  return state.kind === "open" ? state.ageAt : Number.POSITIVE_INFINITY;
}

function catchUpDeadline(behindSince: number | undefined, limits: GatewayLimits): number {
  return behindSince === undefined ? Number.POSITIVE_INFINITY : behindSince + limits.catchUpMs;
}

function stateDeadline(state: ConnectionState, expiresAt: number): number {
  switch (state.kind) {
    case "entering":
      return state.entrance.deadline;
    case "open":
    case "leaving":
      return expiresAt;
    case "closed":
      return Number.POSITIVE_INFINITY;
  }
}

function outboxDeadline(outbox: OutboxState, limits: GatewayLimits): number {
  switch (outbox.kind) {
    case "flowing":
      return Number.POSITIVE_INFINITY;
    case "lagging":
      return outbox.since + limits.laggingMs;
    case "broken":
      return 0;
  }
}
