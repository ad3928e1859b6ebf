import { headers } from "@nats-io/transport-node";
import { EVENT_HEADER } from "@tidegate/broker";
import type { EndpointHealth } from "../attempts/endpoint-health.ts";
import type { Disablement } from "../endpoints/endpoint.ts";
import type { EndpointDirectory } from "../endpoints/endpoint-directory.ts";
import type { EndpointStore } from "../endpoints/endpoint-store.ts";
import type { Clock } from "../queue/clock.ts";
import type { StoreWriter } from "../queue/store-writer.ts";
import type { DeliveryResult } from "./delivery-result.ts";

export interface DisablingParts {
  readonly store: EndpointStore;
  readonly directory: EndpointDirectory;
  readonly health: EndpointHealth;
  readonly writer: StoreWriter;
  /** Lifecycle events go to `<eventPrefix>.webhook.disabled`. */
  readonly eventPrefix: string;
  /** Nothing has succeeded for so long. */
  readonly disableAfterMs: number;
  readonly now: Clock;
  readonly onDisabled: (endpoint: string, reason: Disablement["reason"]) => void;
}

/** The event's name, and the end of its subject. */
const DISABLED = "webhook.disabled";

/** Takes endpoints out that want nothing more, or that have not worked for days. */
export class Disabling {
  readonly #parts: DisablingParts;

  constructor(parts: DisablingParts) {
    this.#parts = parts;
  }

  /** Looks at an attempt that has ended. Rejects when NATS does not answer. */
  async judge(endpoint: string, result: DeliveryResult): Promise<void> {
    const { health, now, disableAfterMs } = this.#parts;
    const failingSince = await health.note(endpoint, result);
    if (result.outcome === "gone") return await this.#disable(endpoint, "gone");
    if (failingSince === undefined || now() - failingSince < disableAfterMs) return;
    // Another process may have had a success that this one knows nothing of.
    const { lastSuccessAt = 0 } = await health.readStored(endpoint);
    if (lastSuccessAt < failingSince) await this.#disable(endpoint, "failing");
  }

  async #disable(id: string, reason: Disablement["reason"]): Promise<void> {
    const { store, directory, writer, eventPrefix, now, onDisabled } = this.#parts;
    const at = now();
    const changed = await store.change(id, (endpoint) =>
      endpoint.disabled === undefined ? { ...endpoint, disabled: { reason, at } } : undefined,
    );
    if (changed === undefined) return;
    directory.observe(id, changed);
    const { description } = changed.endpoint;
    const event = { type: DISABLED, endpoint: id, description, reason, at };
    const block = headers();
    block.set(EVENT_HEADER, DISABLED);
    await writer.write(`${eventPrefix}.${DISABLED}`, JSON.stringify(event), { headers: block });
    onDisabled(id, reason);
  }
}
