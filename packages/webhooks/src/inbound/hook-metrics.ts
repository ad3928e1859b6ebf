import { counter, defineMetrics, histogram, type MetricsOf } from "@tidegate/runtime";

/** Every metric of the receiver of webhooks. */
export const HOOK_METRICS = defineMetrics({
  hooks: counter(
    "tidegate_hooks_total",
    "Requests to /hooks by scheme of the source (`none` if there is no such source) and outcome: `stored`, `duplicate`, `answered` (a challenge), `unavailable` (503), or why it was refused.",
    ["scheme", "outcome"],
  ),
  hookSeconds: histogram(
    "tidegate_hook_seconds",
    "Time from the last byte of a request to /hooks to its answer, by scheme; the store's acknowledgement is in it.",
    ["scheme"],
  ),
  hookBodyBytes: counter("tidegate_hook_body_bytes_total", "Bytes of bodies that were read at /hooks."),
  hooksRelayed: counter(
    "tidegate_hooks_relayed_total",
    "Stored deliveries passed on to their channel, by outcome: `published`, `postponed` because NATS did not take it, or `looping` and so not passed on: it has been there before.",
    ["outcome"],
  ),
});

export type HookMetrics = MetricsOf<typeof HOOK_METRICS>;
