import { namespaceOf } from "@tidegate/protocol";
import type { Span, Tracing } from "@tidegate/runtime";
import type { Endpoint } from "../endpoints/endpoint.ts";
import type { WebhookMessage } from "../queue/webhook-message.ts";
import type { DeliveryResult } from "./delivery-result.ts";

/**
 * One for each attempt, so that retries stand beside each other in the trace of the message. Of the URL it names the host alone: the rest may
 * hold what the endpoint is secret for.
 */
export function beginAttempt(
  tracing: Tracing,
  endpoint: Endpoint,
  { id, channel, trace }: WebhookMessage,
  attempt: number,
): Span {
  return tracing.begin({
    name: "POST webhook",
    kind: "client",
    parent: trace,
    // It comes from NATS, where only those publish who may; gateways have judged what clients ask for.
    trusted: true,
    attributes: {
      "http.request.method": "POST",
      "http.request.resend_count": attempt - 1,
      "server.address": URL.parse(endpoint.url)?.hostname ?? "",
      "messaging.message.id": id,
      "messaging.destination.template": `${namespaceOf(channel)}.>`,
      "tidegate.webhook.endpoint": endpoint.id,
    },
  });
}

export function endAttempt(span: Span, { outcome, status }: DeliveryResult): void {
  if (status !== undefined) span.set("http.response.status_code", status);
  span.end(outcome === "delivered" ? undefined : String(status ?? outcome));
}
