import type { Broker } from "@tidegate/broker";
import { nextQuote, OPENING_QUOTE } from "./ticker.ts";

const PERIOD_MS = 1000;

/**
 * Publishes `ticker.clock` and `ticker.price` once a second until the signal aborts. Live channels: what cannot be
 * published now is not worth keeping, the next second brings something newer.
 */
export function tick(broker: Pick<Broker, "publish">, signal: AbortSignal): void {
  let quote = OPENING_QUOTE;
  const timer = setInterval(() => {
    quote = nextQuote(quote, Math.random());
    broker.publish("ticker.clock", encode({ time: new Date().toISOString() }), { lane: "direct" });
    broker.publish("ticker.price", encode(quote), { lane: "direct" });
  }, PERIOD_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
