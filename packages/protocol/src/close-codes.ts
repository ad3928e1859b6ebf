/**
 * Every code with which Tidegate closes a WebSocket. The one source of the constant, of the table in
 * PROTOCOL.md, of the metric label and of the client's reconnect policy.
 *
 * The range decides whether to reconnect, so that a client is safe with codes it does not know: 4000 to 4499
 * yes, 4500 to 4999 no. Codes below 4000 belong to RFC 6455 and its registry.
 */
export const CLOSE_CODES = {
  draining: {
    code: 4000,
    meaning:
      "The node is leaving. Reconnect after the wait its `draining` message gave; another node takes over.",
  },
  node_full: {
    code: 4001,
    meaning:
      "The node holds as many connections as it may. Reconnect with backoff; the balancer may pick another node.",
  },
  address_limit: {
    code: 4002,
    meaning: "Too many connections from this address. Reconnect with backoff, or close some.",
  },
  no_pong: { code: 4003, meaning: "The client answered no ping in time." },
  slow_consumer: {
    code: 4004,
    meaning: "The client read too slowly for too long and more than its outbox holds was waiting.",
  },
  token_expired: {
    code: 4005,
    meaning: "The token expired, on connect or while connected. Reconnect with a new one.",
  },
  keys_unavailable: {
    code: 4006,
    meaning:
      "The token could not be verified because its keys cannot be fetched now. Reconnect with backoff.",
  },
  connect_timeout: { code: 4007, meaning: "No `connect` message came in time." },
  rate_limited: {
    code: 4008,
    meaning: "The client went on sending far above its rate after being told. Reconnect with backoff.",
  },
  broker_unavailable: {
    code: 4009,
    meaning:
      "A raw connection's channels could not be subscribed because NATS is out of reach. Reconnect with backoff.",
  },
  internal_error: {
    code: 4010,
    meaning: "A defect in Tidegate; the node has logged it. Reconnect with backoff.",
  },
  overloaded: {
    code: 4011,
    meaning:
      "The node has more to do than it can, or too many connect at once. Reconnect after the wait that the reason ends with (`retry=` and milliseconds); the balancer may pick another node.",
  },
  connection_age: {
    code: 4012,
    meaning:
      "The connection is as old as the operator lets connections become, so that they spread over all nodes again. Reconnect after the wait its `draining` message gave.",
  },
  connect_required: { code: 4500, meaning: "The first message was not `connect`." },
  token_missing: { code: 4501, meaning: "No token was given and nothing here is open to anonymous clients." },
  token_invalid: { code: 4502, meaning: "The token was refused; the reason says which check failed." },
  forbidden: { code: 4503, meaning: "A raw connection asked for a channel it may not have." },
  origin_denied: { code: 4504, meaning: "The page's origin is not on the allow-list." },
  frame_too_large: {
    code: 4505,
    meaning: "A frame was larger than `limits.frame`, or than what may be sent before authentication.",
  },
  unauthenticated_limit: {
    code: 4506,
    meaning: "Too many messages, or too many bytes in all, were sent before authentication.",
  },
  request_invalid: {
    code: 4507,
    meaning:
      "The address of the connection is wrong: an unknown format, a channel that breaks the grammar, or too many channels.",
  },
  receive_only: { code: 4508, meaning: "A raw connection sent something; raw connections only receive." },
  reset: {
    code: 4509,
    meaning:
      "A raw connection's replayable channel cannot be continued: messages may be missing, and the reason says why. Fetch the state anew, then connect again without `since`.",
  },
} as const satisfies Record<string, CloseCodeEntry>;

export type CloseName = keyof typeof CLOSE_CODES;

export interface CloseCodeEntry {
  readonly code: number;
  readonly meaning: string;
}

/** RFC 6455 5.5: a control frame holds 125 bytes, two of which are the code. */
export const MAX_CLOSE_REASON_BYTES = 123;

/**
 * Whether a client should reconnect after this close code. 1000 means that somebody wanted the end; the other
 * codes below 3000 come from networks, proxies and crashes.
 */
export function shouldReconnect(code: number): boolean {
  if (code >= 3000) {
    return code % 1000 < 500;
  }
  return code !== 1000;
}
