import { level, most, quantiles, type Row, rate, series } from "./panel.ts";

export const WEBHOOKS: Row = {
  title: "Outgoing webhooks",
  panels: [
    {
      title: "Attempts",
      help: "By how they ended. unreachable and timeout together at many endpoints: our way out.",
      unit: "ops",
      queries: [rate("tidegate_webhook_attempts_total", ["outcome"])],
    },
    {
      title: "Time of an attempt",
      help: "How fast endpoints answer.",
      unit: "s",
      queries: quantiles("tidegate_webhook_attempt_seconds"),
    },
    {
      title: "Queued and delivered",
      help: "What is queued for long faster than it is delivered waits in NATS.",
      unit: "ops",
      queries: [
        rate("tidegate_webhook_deliveries_total", "queued"),
        [
          `sum(rate(${series("tidegate_webhook_attempts_total", 'outcome="delivered"')}[$__rate_interval]))`,
          "delivered",
        ],
      ],
    },
    {
      title: "Dead letters",
      help: "Deliveries given up, by reason; they are kept and can be replayed.",
      unit: "ops",
      queries: [rate("tidegate_webhook_dead_letters_total", ["reason"])],
    },
    {
      title: "Sent away for a while",
      help: "Deliveries that were not attempted yet, by reason.",
      unit: "ops",
      queries: [rate("tidegate_webhook_deferrals_total", ["reason"])],
    },
    {
      title: "At work",
      help: "Attempts under way, and tasks taken and not acknowledged.",
      unit: "short",
      queries: [
        level("tidegate_webhook_attempts_running", "attempts"),
        level("tidegate_webhook_tasks_held", "tasks held"),
      ],
    },
    {
      title: "Endpoints",
      help: "As one process sees them; those kept away from failed again and again.",
      unit: "short",
      queries: [
        most("tidegate_webhook_endpoints", "configured"),
        most("tidegate_webhook_breakers_open", "kept away from"),
        most("tidegate_webhook_consumers_refused", "consumers refused"),
      ],
    },
    {
      title: "Endpoints disabled",
      help: "In an hour, by reason.",
      unit: "short",
      queries: [
        [
          `sum by (reason) (increase(${series("tidegate_webhook_endpoints_disabled_total")}[1h]))`,
          "{{reason}}",
        ],
      ],
    },
    {
      title: "Secrets of endpoints",
      help: "By how they are stored. locked: nobody here has the key. old: a rotation is under way.",
      unit: "short",
      queries: [[`max by (sealing) (${series("tidegate_webhook_endpoint_secrets")})`, "{{sealing}}"]],
    },
    {
      title: "Troubles",
      help: "What NATS did not take or give, tasks it gave out twice, and messages too large for a webhook.",
      unit: "ops",
      queries: [
        rate("tidegate_webhook_store_troubles_total", "store"),
        rate("tidegate_webhook_repeated_tasks_total", "repeated tasks"),
        rate("tidegate_webhook_skipped_messages_total", "skipped messages"),
      ],
    },
    {
      title: "Requests to the API",
      help: "By class of status.",
      unit: "ops",
      queries: [rate("tidegate_webhook_api_requests_total", ["status"])],
    },
  ],
};

export const HOOKS: Row = {
  title: "Webhooks of third parties",
  panels: [
    {
      title: "Requests",
      help: "By scheme and outcome; unavailable is ours, and the sender comes again.",
      unit: "ops",
      queries: [rate("tidegate_hooks_total", ["scheme", "outcome"])],
    },
    {
      title: "Time to the answer",
      help: "From the last byte of the request on; storing is in it.",
      unit: "s",
      queries: quantiles("tidegate_hook_seconds"),
    },
    {
      title: "Passed on",
      help: "To their channels, by outcome; postponed comes again.",
      unit: "ops",
      queries: [rate("tidegate_hooks_relayed_total", ["outcome"])],
    },
    {
      title: "Bodies",
      help: "What was read of them.",
      unit: "Bps",
      queries: [rate("tidegate_hook_body_bytes_total", "in")],
    },
  ],
};
