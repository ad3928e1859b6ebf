import { type Connected, REVISION } from "@tidegate/protocol";
import type { Principal } from "../namespace-policies.ts";
import type { NodeContext } from "../node-context.ts";

/** The `connected` message: who the client is here and what it may do. */
export function greeting(
  context: NodeContext,
  connection: string,
  principal: Principal,
  batch: boolean,
  id: number | undefined,
): Connected {
  const { limits, ping, node } = context;
  return {
    type: "connected",
    id,
    connection,
    user: principal?.user,
    node,
    revision: REVISION,
    expires: principal?.expiresAt,
    pingInterval: ping.intervalMs,
    batch: batch ? true : undefined,
    limits: {
      frame: limits.frameBytes,
      payload: limits.payloadBytes,
      subscriptions: limits.subscriptionsPerConnection,
      requests: limits.requestsInFlight,
      messagesPerSecond: limits.messagesPerSecond,
      requestTimeout: limits.requestTimeoutMs,
    },
  };
}
