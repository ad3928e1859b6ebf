import type { ConsumerRefusal } from "./consumer-refusal.ts";

/** Told how it goes with consumers that are kept, for metrics and logs. */
export interface ConsumerInstruments {
  /** Something did not work that will be tried again. */
  troubled(error: unknown): void;
  /** It was there in another configuration, and is now as this process needs it. */
  consumerChanged(consumer: string, fields: readonly string[]): void;
  /** No tasks are taken from it. Told again and again until it is settled. */
  consumerRefused(consumer: string, refusal: ConsumerRefusal): void;
  /** It can be used, or is not wanted any more. */
  consumerSettled(consumer: string): void;
}
