import { counter, defineMetrics, gauge, histogram } from "@tidegate/runtime";

/** What the webhook service exports. Never a label per endpoint: there are as many as customers. */
export const WEBHOOK_METRICS = defineMetrics({
  attempts: counter(
    "tidegate_webhook_attempts_total",
    "Attempts to deliver a message to an endpoint, by how they ended.",
    ["outcome"],
  ),
  attemptSeconds: histogram(
    "tidegate_webhook_attempt_seconds",
    "From the begin of an attempt to the end of its answer.",
    ["outcome"],
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30],
  ),
  deliveries: counter(
    "tidegate_webhook_deliveries_total",
    "Deliveries that were put into the queue: one for each message and endpoint that wants it.",
  ),
  deadLetters: counter("tidegate_webhook_dead_letters_total", "Deliveries that were given up, by reason.", [
    "reason",
  ]),
  deferrals: counter(
    "tidegate_webhook_deferrals_total",
    "Times a delivery was sent away from its lane for a while without an attempt, by reason.",
    ["reason"],
  ),
  repeats: counter(
    "tidegate_webhook_repeated_tasks_total",
    "Tasks that NATS gave out again although they were being worked on or done.",
  ),
  skipped: counter(
    "tidegate_webhook_skipped_messages_total",
    "Messages of which no delivery could be made, because they are too large with what is added.",
  ),
  disabled: counter("tidegate_webhook_endpoints_disabled_total", "Endpoints that were disabled, by reason.", [
    "reason",
  ]),
  troubles: counter(
    "tidegate_webhook_store_troubles_total",
    "Times NATS did not take or give something, which is then tried again.",
  ),
  consumersRefused: gauge(
    "tidegate_webhook_consumers_refused",
    "Consumers of the queue that no tasks are taken from, because NATS does not change them to what this version needs.",
  ),
  apiRequests: counter("tidegate_webhook_api_requests_total", "Requests to the API, by status class.", [
    "status",
  ]),
  endpoints: gauge("tidegate_webhook_endpoints", "Endpoints that are configured."),
  endpointSecrets: gauge(
    "tidegate_webhook_endpoint_secrets",
    "Endpoints by how their secrets are stored: under the `current` key, an `old` one, in the `clear`, or `locked` under one that is not known here.",
    ["sealing"],
  ),
  running: gauge("tidegate_webhook_attempts_running", "Attempts that are under way."),
  held: gauge("tidegate_webhook_tasks_held", "Tasks that this process has taken and not acknowledged."),
  breakersOpen: gauge(
    "tidegate_webhook_breakers_open",
    "Endpoints that attempts are kept away from because they failed again and again.",
  ),
});
