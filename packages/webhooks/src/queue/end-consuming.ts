import { setTimeout as delay } from "node:timers/promises";
import type { ConsumerMessages } from "@nats-io/jetstream";

/** A server that does not answer has nothing on its way either. */
const PATIENCE_MS = 1_000;

/**
 * Ends a consumer after everything was handed over that the server had sent by then. `stop` alone drops what is on its way, and the server would
 * wait for its acknowledgement until the ack wait is over. nats.js shows no way to the subscription beneath; where it is not found, `stop` it is.
 */
export async function endConsuming(messages: ConsumerMessages): Promise<void> {
  const subscription: unknown = Reflect.get(messages, "sub");
  if (canDrain(subscription)) {
    const patience = new AbortController();
    const late = delay(PATIENCE_MS, undefined, { signal: patience.signal, ref: false });
    await Promise.race([subscription.drain(), late]).catch(() => {});
    patience.abort();
  }
  messages.stop();
}

function canDrain(value: unknown): value is { drain(): Promise<void> } {
  return typeof value === "object" && value !== null && "drain" in value && typeof value.drain === "function";
}
