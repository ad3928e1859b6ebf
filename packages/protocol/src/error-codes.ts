/**
 * Everything a client can be told in an `error` message. The one source of the type, of the table in
 * PROTOCOL.md, of the metric label and of the HTTP status.
 *
 * `retryable`: the same request may succeed later without any change by the caller.
 */
export const ERROR_CODES = {
  malformed: {
    status: 400,
    retryable: false,
    meaning:
      "The frame is not a JSON object, or a binary frame has no JSON header line. Send one JSON object a frame.",
  },
  unknown_type: {
    status: 400,
    retryable: false,
    meaning: "`type` names no client message of this revision.",
  },
  invalid_field: {
    status: 400,
    retryable: false,
    meaning: "A field is missing or of the wrong kind; `message` names it and says what it must be.",
  },
  duplicate_id: {
    status: 400,
    retryable: false,
    meaning:
      "`id` is not greater than every id sent before on this connection. Carries no `id`, because that id is answered already or still will be.",
  },
  already_connected: {
    status: 409,
    retryable: false,
    meaning: "The connection is authenticated. Use `refresh` to bring a new token.",
  },
  channel_invalid: {
    status: 400,
    retryable: false,
    meaning: "The channel, pattern or method breaks the grammar; `message` says where.",
  },
  forbidden: {
    status: 403,
    retryable: false,
    meaning: "No grant of the token and no rule of the namespace allows this.",
  },
  already_subscribed: {
    status: 409,
    retryable: false,
    meaning: "This connection has that channel or pattern already.",
  },
  not_subscribed: {
    status: 409,
    retryable: false,
    meaning: "This connection does not have that channel or pattern.",
  },
  subscription_limit: {
    status: 429,
    retryable: false,
    meaning: "The connection holds as many subscriptions as it may. Unsubscribe first, or use a pattern.",
  },
  payload_too_large: {
    status: 413,
    retryable: false,
    meaning:
      "The payload is larger than `limits.payload` of the `connected` message, or the body of an HTTP request than the node reads.",
  },
  rate_limited: {
    status: 429,
    retryable: true,
    meaning:
      "Too many messages a second; `retryAfter` says how many milliseconds to wait. A connection that goes on regardless is closed.",
  },
  request_limit: {
    status: 429,
    retryable: true,
    meaning: "Too many requests of this connection are unanswered. Wait for replies.",
  },
  cursor_invalid: {
    status: 400,
    retryable: false,
    meaning: "That is no cursor. Send one exactly as a node gave it, or none.",
  },
  not_replayable: {
    status: 400,
    retryable: false,
    meaning:
      "The namespace of that channel keeps no history: there is nothing to resume from, replay or page through.",
  },
  history_unavailable: {
    status: 503,
    retryable: true,
    meaning: "The store of that namespace is missing, unfit or out of reach; the node has logged which.",
  },
  unconfirmed: {
    status: 504,
    retryable: true,
    meaning:
      "The store did not confirm the message in time; it may be stored all the same. Publish again with the same `key` to be sure it is stored once.",
  },
  no_responders: { status: 503, retryable: true, meaning: "No backend listens for that method now." },
  request_timeout: {
    status: 504,
    retryable: true,
    meaning: "No reply came within the timeout. The backend may still have acted on it.",
  },
  service_error: {
    status: 502,
    retryable: false,
    meaning: "The backend answered with an error of its own; `detail` carries its status and message.",
  },
  broker_unavailable: {
    status: 503,
    retryable: true,
    meaning: "The node has no working link to NATS, or NATS cannot take more now. Nothing was published.",
  },
  token_missing: { status: 401, retryable: false, meaning: "A token is needed here." },
  token_invalid: {
    status: 401,
    retryable: false,
    meaning: "The token was refused; `message` says which check failed.",
  },
  token_expired: { status: 401, retryable: false, meaning: "The token is past its `exp`. Get a new one." },
  keys_unavailable: {
    status: 503,
    retryable: true,
    meaning: "The keys that could verify the token cannot be fetched now.",
  },
  subject_changed: {
    status: 403,
    retryable: false,
    meaning: "A refresh may not change the user. Open a new connection.",
  },
  not_found: { status: 404, retryable: false, meaning: "Over HTTP: there is nothing at that address." },
  method_not_allowed: {
    status: 405,
    retryable: false,
    meaning: "Over HTTP: that address takes other methods; the header `Allow` names them.",
  },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    meaning: "Over HTTP: the body is not `application/json`, or it is compressed.",
  },
  upgrade_required: {
    status: 426,
    retryable: false,
    meaning: "Over HTTP: that address speaks WebSocket, version 13.",
  },
  origin_denied: {
    status: 403,
    retryable: false,
    meaning: "Over HTTP: the page's origin is not on the allow-list.",
  },
  node_full: {
    status: 503,
    retryable: true,
    meaning: "Over HTTP: the node serves as many clients as it may. The balancer may pick another one.",
  },
  address_limit: {
    status: 429,
    retryable: true,
    meaning: "Over HTTP: too many connections and requests of this address are open.",
  },
  overloaded: {
    status: 503,
    retryable: true,
    meaning:
      "Over HTTP: the node has more to do than it can, or too many connect at once. `retryAfter` and the header `Retry-After` say how long to wait; the balancer may pick another node.",
  },
  draining: {
    status: 503,
    retryable: true,
    meaning: "Over HTTP: the node is leaving. Another one takes over.",
  },
  messages_missed: {
    status: 500,
    retryable: false,
    meaning:
      "Not an answer: messages of live channels may have been lost for this connection (of `channel`, or of all live channels where none is named). Refetch state if it matters.",
  },
  internal_error: { status: 500, retryable: true, meaning: "A defect in Tidegate; the node has logged it." },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorCodeEntry {
  /** HTTP status where the error travels over HTTP. */
  readonly status: number;
  readonly retryable: boolean;
  readonly meaning: string;
}
