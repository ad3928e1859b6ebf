import type { Logger, MetricsOf } from "@tidegate/runtime";
import type { DeliveryInstruments } from "./delivery/delivery-instruments.ts";
import { type DeliveryResult, OUTCOMES } from "./delivery/delivery-result.ts";
import { DEAD_REASONS, type DeadReason } from "./delivery/retry-policy.ts";
import { DISABLE_REASONS, type Disablement, type Lock } from "./endpoints/endpoint.ts";
import { DEFER_REASONS, type DeferReason } from "./lanes/lane.ts";
import type { WEBHOOK_METRICS } from "./metrics.ts";
import type { ConsumerRefusal } from "./queue/consumer-refusal.ts";

export type WebhookMetrics = MetricsOf<typeof WEBHOOK_METRICS>;

/** Troubles come in crowds while NATS is away; one line says it. */
const LOG_EVERY_MS = 5_000;

/** Turns what happens into metrics and lines of the log. Endpoints appear by id, and only where an operator has to know. */
export class WebhookInstruments implements DeliveryInstruments {
  readonly #metrics: WebhookMetrics;
  readonly #logger: Logger;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #lockLoggedAt = Number.NEGATIVE_INFINITY;
  #refusalLoggedAt = Number.NEGATIVE_INFINITY;
  readonly #refused = new Set<string>();

  constructor(metrics: WebhookMetrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
    // From the start, at zero: Prometheus sees no increase in a series that begins with its first event.
    for (const outcome of OUTCOMES) metrics.attempts.child({ outcome });
    for (const reason of DEAD_REASONS) metrics.deadLetters.child({ reason });
    for (const reason of DISABLE_REASONS) metrics.disabled.child({ reason });
    for (const reason of DEFER_REASONS) metrics.deferrals.child({ reason });
  }

  /** Consumers that no tasks are taken from now. */
  get refusedConsumers(): number {
    return this.#refused.size;
  }

  attempted({ outcome, durationMs }: DeliveryResult): void {
    this.#metrics.attempts.child({ outcome }).inc();
    this.#metrics.attemptSeconds.child({ outcome }).observe(durationMs / 1_000);
  }

  gaveUp(reason: DeadReason): void {
    this.#metrics.deadLetters.child({ reason }).inc();
  }

  deferred(reason: DeferReason): void {
    this.#metrics.deferrals.child({ reason }).inc();
  }

  repeated(): void {
    this.#metrics.repeats.child().inc();
  }

  expanded(deliveries: number): void {
    this.#metrics.deliveries.child().inc(deliveries);
  }

  skipped(): void {
    this.#metrics.skipped.child().inc();
  }

  disabled(endpoint: string, reason: Disablement["reason"]): void {
    this.#metrics.disabled.child({ reason }).inc();
    this.#logger.warn({ endpoint, reason }, "an endpoint was disabled");
  }

  /** The secrets of an endpoint cannot be read. */
  locked(endpoint: string, { keyId: key, reason }: Lock): void {
    const now = performance.now();
    if (now - this.#lockLoggedAt < LOG_EVERY_MS) return;
    this.#lockLoggedAt = now;
    this.#logger.error(
      { endpoint, key, reason },
      "secrets of endpoints cannot be opened; what is for them waits. Give webhooks.secretKeys the key that they are sealed with",
    );
  }

  /** So many endpoints were stored under the current key that had not been. */
  resealed(count: number): void {
    if (count > 0)
      this.#logger.info({ endpoints: count }, "secrets of endpoints were sealed with the current key");
  }

  consumerChanged(consumer: string, fields: readonly string[]): void {
    this.#logger.info({ consumer, fields }, "a consumer of the queue was changed to what this version needs");
  }

  consumerRefused(consumer: string, { fields, reason }: ConsumerRefusal): void {
    this.#refused.add(consumer);
    const now = performance.now();
    if (now - this.#refusalLoggedAt < LOG_EVERY_MS) return;
    this.#refusalLoggedAt = now;
    this.#logger.error(
      { consumer, fields, reason },
      "a consumer of the queue cannot be changed to what this version needs, and no tasks are taken from it. Delete it, or what is in its way: the tasks stay, and it is made anew",
    );
  }

  consumerSettled(consumer: string): void {
    this.#refused.delete(consumer);
  }

  troubled(error: unknown): void {
    this.#metrics.troubles.child().inc();
    const now = performance.now();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    this.#logger.warn({ err: error }, "NATS did not take or give something; it is tried again");
  }
}
