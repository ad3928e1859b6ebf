import { counter, defineMetrics, gauge, histogram, type MetricsOf } from "@tidegate/runtime";

/** Every metric of a gateway node. The reference in docs/metrics.md is generated from it. */
export const GATEWAY_METRICS = defineMetrics({
  connections: gauge("tidegate_connections", "Connections open now; of `poll`, the polls that wait.", [
    "transport",
  ]),
  connectionsOpened: counter(
    "tidegate_connections_opened_total",
    "Connections accepted; of WebSockets, refused ones included.",
    ["transport"],
  ),
  httpRequests: counter(
    "tidegate_http_requests_total",
    "Requests over HTTP, by route and status of the answer; `none` where no route was found.",
    ["route", "status"],
  ),
  closes: counter(
    "tidegate_closes_total",
    "Connections closed, by the name of the close code; `client` where the client closed, `abnormal` where the network did, `protocol_violation` where a frame broke RFC 6455.",
    ["code"],
  ),
  errors: counter("tidegate_errors_total", "Error messages sent to clients, by code.", ["code"]),
  authentications: counter(
    "tidegate_authentications_total",
    "Tokens looked at, on connect and on refresh: `ok`, `anonymous`, or the check that failed.",
    ["outcome"],
  ),
  authenticationSeconds: histogram("tidegate_authentication_seconds", "Time to verify a token."),
  messagesIn: counter("tidegate_messages_in_total", "Frames received from clients."),
  bytesIn: counter("tidegate_bytes_in_total", "Bytes received from clients, without framing."),
  messagesOut: counter(
    "tidegate_messages_out_total",
    "Messages sent to clients, answers and notices included; a batch frame counts as many as it holds.",
  ),
  bytesOut: counter("tidegate_bytes_out_total", "Bytes sent to clients, without framing."),
  connectionsLagging: gauge(
    "tidegate_connections_lagging",
    "Connections that read too slowly now, or are catching up with replayable channels since they did.",
    ["transport"],
  ),
  lags: counter(
    "tidegate_lags_total",
    "Times that more began to wait for a client than its outbox may hold, also where it had not yet caught up since the last time; see also `tidegate_closes_total` with `slow_consumer`.",
  ),
  catchUps: counter(
    "tidegate_catch_ups_total",
    "Subscriptions, or of an event stream namespaces, that had fallen behind because their client read too slowly and then got what they lacked, by where all of it was found: `ring` (this node's memory) or `stream` (NATS); or `reset` instead.",
    ["outcome"],
  ),
  messagesMissed: counter(
    "tidegate_messages_missed_total",
    "Messages of live channels not delivered because the client read too slowly.",
  ),
  messagesConflated: counter(
    "tidegate_messages_conflated_total",
    "Messages of channels and patterns that made way for a newer one before they were sent; each counts once, however many subscribe.",
  ),
  turnedAway: counter(
    "tidegate_turned_away_total",
    "Newcomers told to come back later: for `lag` of the event loop, `memory`, loss of `nats`, the `rate` of new connections, or a full `queue` of them.",
    ["reason"],
  ),
  shedding: gauge(
    "tidegate_shedding",
    "1 while newcomers are turned away because there is too much of that load.",
    ["load"],
    "max",
  ),
  arrivalsWaiting: gauge("tidegate_arrivals_waiting", "Newcomers that wait for their turn to be let in."),
  subscriptions: gauge("tidegate_subscriptions", "Subscriptions of clients."),
  channels: gauge(
    "tidegate_channels",
    "Distinct channels and patterns that clients of this node subscribe to.",
  ),
  publishes: counter("tidegate_publishes_total", "Publishes of clients, by outcome.", ["outcome"]),
  publishSeconds: histogram(
    "tidegate_publish_seconds",
    "Time from a client's publish frame to the message being handed to NATS.",
  ),
  storeSeconds: histogram(
    "tidegate_store_seconds",
    "Time from a client's publish frame to the store's acknowledgement, in replayable channels.",
  ),
  historyReads: counter(
    "tidegate_history_reads_total",
    "Pages of history that clients asked for, by outcome.",
    ["outcome"],
  ),
  resumes: counter(
    "tidegate_resumes_total",
    "Subscriptions that asked for earlier messages, by where those were found: `ring` (this node's memory), `stream` (NATS), `none` (there was nothing to look for), or `reset` or `failed` instead.",
    ["outcome"],
  ),
  resets: counter("tidegate_resets_total", "Resets that subscribers were told, by reason.", ["reason"]),
  requests: counter("tidegate_requests_total", "Requests of clients, by outcome.", ["outcome"]),
  requestSeconds: histogram(
    "tidegate_request_seconds",
    "Time from a client's request to the backend's reply.",
  ),
  natsConnected: gauge("tidegate_nats_connected", "1 while the link to NATS works.", [], "min"),
  streamsUnavailable: gauge(
    "tidegate_streams_unavailable",
    "Namespaces with history whose stream is missing, unfit or out of reach; the node has logged which.",
    [],
    "max",
  ),
  tails: gauge(
    "tidegate_tails",
    "Replayable channels and patterns that this node follows, lingering ones included.",
  ),
  ringBytes: gauge(
    "tidegate_ring_bytes",
    "Memory of the recent messages that are kept for clients that come back.",
  ),
  tailGaps: counter(
    "tidegate_tail_gaps_total",
    "Messages of replayable channels that revealed that others before them are missing.",
  ),
  tailRepairs: counter("tidegate_tail_repairs_total", "Such gaps that were filled from the stream."),
  tailDuplicates: counter(
    "tidegate_tail_duplicates_total",
    "Messages of replayable channels that came again and were dropped.",
  ),
  tailResets: counter(
    "tidegate_tail_resets_total",
    "Times a replayable channel's continuity was lost for all who followed it on this node, by reason.",
    ["reason"],
  ),
  ticksMissed: counter(
    "tidegate_ticks_missed_total",
    "Ticks of namespaces with history that did not reach this node: signs that messages may not have, either.",
  ),
  streamReads: counter(
    "tidegate_stream_reads_total",
    "Reads of streams to follow, repair and resume replayable channels.",
  ),
  natsReconnects: counter("tidegate_nats_reconnects_total", "Links to NATS made again after a loss."),
  natsDisconnects: counter("tidegate_nats_disconnects_total", "Links to NATS lost."),
  natsMessagesIn: counter("tidegate_nats_messages_in_total", "Messages received from NATS."),
  natsMessagesIgnored: counter(
    "tidegate_nats_messages_ignored_total",
    "Messages that a subscribed pattern caught on a subject that breaks the grammar of channels; nobody gets them.",
  ),
  natsMessagesOut: counter("tidegate_nats_messages_out_total", "Messages sent to NATS."),
  natsBytesIn: counter("tidegate_nats_bytes_in_total", "Bytes received from NATS."),
  natsBytesOut: counter("tidegate_nats_bytes_out_total", "Bytes sent to NATS."),
  natsPendingBytes: gauge("tidegate_nats_pending_bytes", "Bytes written to NATS and not yet confirmed."),
  natsSubscriptions: gauge(
    "tidegate_nats_subscriptions",
    "NATS subscriptions for channels, lingering ones included.",
  ),
  natsSlowConsumers: counter(
    "tidegate_nats_slow_consumers_total",
    "Times the NATS server said that this node reads too slowly.",
  ),
  natsCallbackErrors: counter(
    "tidegate_nats_callback_errors_total",
    "Exceptions caught in callbacks of the NATS client; each is a defect.",
  ),
});

export type GatewayMetrics = MetricsOf<typeof GATEWAY_METRICS>;
