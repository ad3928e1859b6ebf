import { each, happened, level, most, quantiles, type Row, rate, series } from "./panel.ts";

export const CONNECTIONS: Row = {
  title: "Connections",
  panels: [
    {
      title: "Open",
      help: "By transport; of poll, the polls that wait. A step down is a gateway that left or was lost.",
      unit: "short",
      queries: [level("tidegate_connections", ["transport"])],
    },
    {
      title: "Opened",
      help: "A peak after a step down of the open ones is clients coming back; one without is clients that cannot stay.",
      unit: "ops",
      queries: [rate("tidegate_connections_opened_total", ["transport"])],
    },
    {
      title: "Closed",
      help: "By the name of the close code; client and abnormal are not ours.",
      unit: "ops",
      queries: [happened("tidegate_closes_total", ["code"])],
    },
    {
      title: "Turned away",
      help: "Newcomers told to come back later, by reason.",
      unit: "ops",
      queries: [rate("tidegate_turned_away_total", ["reason"])],
    },
    {
      title: "Gateways that turn away",
      help: "How many, by what there is too much of; nats means that they have lost it.",
      unit: "short",
      queries: [level("tidegate_shedding", ["load"])],
    },
    {
      title: "Waiting to be let in",
      help: "Longer than a moment only in a storm.",
      unit: "short",
      queries: [level("tidegate_arrivals_waiting", "newcomers")],
    },
    {
      title: "Tokens",
      help: "Looked at on connect and on refresh, by outcome.",
      unit: "ops",
      queries: [happened("tidegate_authentications_total", ["outcome"])],
    },
    {
      title: "Time to verify a token",
      help: "Milliseconds where keys had to be fetched first, else far less.",
      unit: "s",
      queries: quantiles("tidegate_authentication_seconds"),
    },
    {
      title: "Subscriptions",
      help: "And the distinct channels behind them, counted on each gateway.",
      unit: "short",
      queries: [level("tidegate_subscriptions", "subscriptions"), level("tidegate_channels", "channels")],
    },
    {
      title: "Errors told to clients",
      help: "By code; forbidden and the like are the clients' own.",
      unit: "ops",
      queries: [happened("tidegate_errors_total", ["code"])],
    },
    {
      title: "Requests over HTTP",
      help: "By route and status.",
      unit: "ops",
      queries: [rate("tidegate_http_requests_total", ["route", "status"])],
    },
  ],
};

export const FAN_OUT: Row = {
  title: "Fan-out",
  panels: [
    {
      title: "Messages",
      help: "Frames from clients, and messages to them.",
      unit: "ops",
      queries: [
        rate("tidegate_messages_out_total", "to clients"),
        rate("tidegate_messages_in_total", "from clients"),
      ],
    },
    {
      title: "Bytes",
      help: "Without framing.",
      unit: "Bps",
      queries: [
        rate("tidegate_bytes_out_total", "to clients"),
        rate("tidegate_bytes_in_total", "from clients"),
      ],
    },
    {
      title: "Receivers of a message",
      help: "Messages to clients for each that came from NATS.",
      unit: "short",
      queries: [
        [
          `sum(rate(${series("tidegate_messages_out_total")}[$__rate_interval]))
/ sum(rate(${series("tidegate_nats_messages_in_total")}[$__rate_interval]))`,
          "on average",
        ],
      ],
    },
  ],
};

export const SLOW_READERS: Row = {
  title: "Slow readers",
  panels: [
    {
      title: "Lagging",
      help: "Connections that read too slowly now, or are catching up. All of a gateway at once: it is the gateway.",
      unit: "short",
      queries: [level("tidegate_connections_lagging", ["transport"])],
    },
    {
      title: "Outboxes that filled up",
      help: "And the connections that were closed for it in the end.",
      unit: "ops",
      queries: [
        rate("tidegate_lags_total", "lags"),
        [`sum(rate(${series("tidegate_closes_total", 'code="slow_consumer"')}[$__rate_interval]))`, "closed"],
      ],
    },
    {
      title: "Dropped and conflated",
      help: "Messages of live channels that slow readers never got, and such that made way for a newer one.",
      unit: "ops",
      queries: [
        rate("tidegate_messages_missed_total", "dropped"),
        rate("tidegate_messages_conflated_total", "conflated"),
      ],
    },
    {
      title: "Caught up from",
      help: "Where those who had fallen behind got what they lacked; reset: nowhere.",
      unit: "ops",
      queries: [rate("tidegate_catch_ups_total", ["outcome"])],
    },
  ],
};

export const CONTINUITY: Row = {
  title: "Continuity",
  panels: [
    {
      title: "Resumed from",
      help: "Those who came back with a cursor: from memory, from the stream, or not at all.",
      unit: "ops",
      queries: [rate("tidegate_resumes_total", ["outcome"])],
    },
    {
      title: "Resets told to clients",
      help: "By reason. expired and too_far: they were away too long.",
      unit: "ops",
      queries: [rate("tidegate_resets_total", ["reason"])],
    },
    {
      title: "Resets of whole channels",
      help: "For all who followed it on a gateway. Zero in good times.",
      unit: "ops",
      queries: [rate("tidegate_tail_resets_total", ["reason"])],
    },
    {
      title: "Gaps",
      help: "What NATS did not bring, and what was filled from the stream. They lie on each other.",
      unit: "ops",
      queries: [
        rate("tidegate_tail_gaps_total", "gaps"),
        rate("tidegate_tail_repairs_total", "repaired"),
        rate("tidegate_tail_duplicates_total", "duplicates dropped"),
        rate("tidegate_ticks_missed_total", "ticks missed"),
      ],
    },
    {
      title: "Reads of streams",
      help: "To follow, repair and resume, and pages of history by outcome. High while many come back.",
      unit: "ops",
      queries: [
        rate("tidegate_stream_reads_total", "reads"),
        rate("tidegate_history_reads_total", ["outcome"]),
      ],
    },
    {
      title: "Followed channels",
      help: "Replayable ones, on each gateway, and namespaces whose stream cannot be read.",
      unit: "short",
      queries: [
        level("tidegate_tails", "followed"),
        most("tidegate_streams_unavailable", "streams unavailable"),
      ],
    },
    {
      title: "Memory for those who come back",
      help: "Up to limits.ringBytes on each gateway.",
      unit: "bytes",
      queries: [each("tidegate_ring_bytes", "{{instance}}")],
    },
  ],
};

export const UPSTREAM: Row = {
  title: "From clients to backends",
  panels: [
    {
      title: "Publishes",
      help: "By outcome; refused is what the client may not.",
      unit: "ops",
      queries: [rate("tidegate_publishes_total", ["outcome"])],
    },
    {
      title: "Time to hand over to NATS",
      help: "From the frame on.",
      unit: "s",
      queries: quantiles("tidegate_publish_seconds"),
    },
    {
      title: "Time to be stored",
      help: "In replayable channels, from the frame to the acknowledgement.",
      unit: "s",
      queries: quantiles("tidegate_store_seconds"),
    },
    {
      title: "Requests",
      help: "By outcome; no_responders, timeout and service_error are the backends'.",
      unit: "ops",
      queries: [rate("tidegate_requests_total", ["outcome"])],
    },
    {
      title: "Time to the backend's reply",
      help: "As clients see it, without their network.",
      unit: "s",
      queries: quantiles("tidegate_request_seconds"),
    },
  ],
};

export const NATS: Row = {
  title: "NATS",
  panels: [
    {
      title: "Linked",
      help: "1 while the link works.",
      unit: "none",
      queries: [each("tidegate_nats_connected", "{{instance}}")],
    },
    {
      title: "Links lost and made again",
      help: "And times that NATS said that a gateway reads too slowly, which it then cuts off.",
      unit: "ops",
      queries: [
        rate("tidegate_nats_disconnects_total", "lost"),
        rate("tidegate_nats_reconnects_total", "made again"),
        rate("tidegate_nats_slow_consumers_total", "slow consumer"),
      ],
    },
    {
      title: "Messages",
      help: "Of all gateways together.",
      unit: "ops",
      queries: [
        rate("tidegate_nats_messages_in_total", "from NATS"),
        rate("tidegate_nats_messages_out_total", "to NATS"),
      ],
    },
    {
      title: "Bytes",
      help: "Of all gateways together.",
      unit: "Bps",
      queries: [
        rate("tidegate_nats_bytes_in_total", "from NATS"),
        rate("tidegate_nats_bytes_out_total", "to NATS"),
      ],
    },
    {
      title: "Not yet confirmed",
      help: "Bytes written to NATS. What grows is not read.",
      unit: "bytes",
      queries: [each("tidegate_nats_pending_bytes", "{{instance}}")],
    },
    {
      title: "Subscriptions of NATS",
      help: "One for each channel and gateway, lingering ones included.",
      unit: "short",
      queries: [each("tidegate_nats_subscriptions", "{{instance}}")],
    },
    {
      title: "Oddities",
      help: "Exceptions in callbacks, each a defect; and messages on subjects that are no channel, which nobody gets.",
      unit: "ops",
      queries: [
        rate("tidegate_nats_callback_errors_total", "exceptions"),
        rate("tidegate_nats_messages_ignored_total", "ignored"),
      ],
    },
  ],
};
