import type { DeferReason } from "../lanes/lane.ts";
import type { ConsumerInstruments } from "../queue/consumer-instruments.ts";
import type { DeliveryResult } from "./delivery-result.ts";
import type { DeadReason } from "./retry-policy.ts";

/** Told what happens, for metrics and logs. */
export interface DeliveryInstruments extends ConsumerInstruments {
  attempted(result: DeliveryResult): void;
  gaveUp(reason: DeadReason): void;
  deferred(reason: DeferReason): void;
  /** A task came again that is still being worked on, or was done already. */
  repeated(): void;
}
