import type { DeliveryResult } from "../delivery/delivery-result.ts";
import type { NextStep } from "../delivery/retry-policy.ts";

/** One attempt as it stands in the log. */
export interface AttemptRecord extends DeliveryResult {
  readonly endpoint: string;
  /** The id of the message. */
  readonly message: string;
  readonly channel: string;
  /** Sequence of the copy of the message, 0 for a ping. */
  readonly copy: number;
  /** From 1. */
  readonly attempt: number;
  /** The replay that it belongs to; empty for the delivery that the message itself caused. */
  readonly run: string;
  readonly next: NextStep;
}
