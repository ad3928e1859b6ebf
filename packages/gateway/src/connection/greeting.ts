import { type Connected, REVISION } from "@tidegate/protocol";
import type { GatewayLimits, PingTimes } from "../limits.ts";
import type { Principal } from "../namespace-policies.ts";

/** The `connected` message: who the client is here and what it may do. What is the same for all is written once. */
export class Greeting {
  readonly #common: string;

  constructor(node: string, limits: GatewayLimits, ping: PingTimes) {
    const common: Pick<Connected, "node" | "revision" | "pingInterval" | "limits"> = {
      node,
      revision: REVISION,
      pingInterval: ping.intervalMs,
      limits: {
        frame: limits.frameBytes,
        payload: limits.payloadBytes,
        subscriptions: limits.subscriptionsPerConnection,
        requests: limits.requestsInFlight,
        messagesPerSecond: limits.messagesPerSecond,
        requestTimeout: limits.requestTimeoutMs,
      },
    };
    // Without its first brace: it ends every greeting.
    this.#common = JSON.stringify(common).slice(1);
  }

  /** @param id of the `connect` that is answered; `undefined` if the handshake was enough. */
  text(connection: string, principal: Principal, batch: boolean, id: number | undefined): string {
    const batched = batch ? '"batch":true,' : "";
    const answered = id === undefined ? "" : `"id":${id},`;
    const who =
      principal === undefined
        ? ""
        : `"user":${JSON.stringify(principal.user)},"expires":${principal.expiresAt},`;
    // Names of nodes need no escaping, nor do connections, which are called after them.
    return `{"type":"connected",${answered}"connection":"${connection}",${who}${batched}${this.#common}`;
  }
}
