/** What one node and one connection may use. Defaults and meanings stand in docs/configuration.md. */
export interface GatewayLimits {
  readonly frameBytes: number;
  readonly payloadBytes: number;
  readonly subscriptionsPerConnection: number;
  readonly requestsInFlight: number;
  readonly requestTimeoutMs: number;
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  readonly unauthenticatedMs: number;
  readonly unauthenticatedBytes: number;
  readonly unauthenticatedMessages: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** 0: for ever. */
  readonly connectionAgeMs: number;
  readonly outboxBytes: number;
  readonly laggingMs: number;
  readonly catchUpMs: number;
  readonly pageBytes: number;
  readonly replayBytes: number;
}

/** When connections are pinged and given up. */
export interface PingTimes {
  readonly intervalMs: number;
  readonly pongTimeoutMs: number;
}

/** How a node says goodbye. */
export interface DrainTimes {
  /** Closes are spread over this time. */
  readonly windowMs: number;
  /** Clients are told to wait up to this long before they reconnect. */
  readonly reconnectMs: number;
}
