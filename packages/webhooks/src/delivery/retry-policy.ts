import type { DeliveryResult } from "./delivery-result.ts";

export interface RetryPolicyOptions {
  /** Pause before the second attempt, the third, and so on; none after the last. */
  readonly pausesMs: readonly number[];
  /** Above this, `Retry-After` is not honoured. */
  readonly maxRetryAfterMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * Why a message is not delivered any more.
 *
 * - `exhausted`: every attempt failed. `expired`: the endpoint was not fit to be tried for too long.
 * - `gone`: answered 410. `refused`: the destination is not allowed. `disabled`: the endpoint is. `deleted`: it is no more.
 * - `message_lost`: the message is not kept any more.
 */
export const DEAD_REASONS = ["exhausted", "expired", "gone", "refused", "disabled", "message_lost"] as const;
export type DeadReason = (typeof DEAD_REASONS)[number];

export type NextStep =
  | { readonly kind: "done" }
  | { readonly kind: "retry"; readonly at: number }
  | { readonly kind: "dead"; readonly reason: DeadReason };

const SPREAD = 0.2;

/** What all pauses together can take, against their sum. */
export const RETRY_SPREAD = 1 + SPREAD;

/** What follows an attempt. */
export class RetryPolicy {
  readonly #options: RetryPolicyOptions;

  constructor(options: RetryPolicyOptions) {
    this.#options = options;
  }

  /** How long after its beginning a delivery may still be waiting: with room for the spread and for pauses of the lane. */
  get lifetimeMs(): number {
    const sum = this.#options.pausesMs.reduce((total, pause) => total + pause, 0);
    return sum * RETRY_SPREAD + this.#options.maxRetryAfterMs;
  }

  /** @param attempt the one that has ended, from 1. */
  next(attempt: number, result: DeliveryResult, now: number): NextStep {
    switch (result.outcome) {
      case "delivered":
        return { kind: "done" };
      case "gone":
      case "refused":
        return { kind: "dead", reason: result.outcome };
      default:
        break;
    }
    const { pausesMs, maxRetryAfterMs, random } = this.#options;
    const pause = pausesMs[attempt - 1];
    if (pause === undefined) return { kind: "dead", reason: "exhausted" };
    const spread = pause * (1 - SPREAD + 2 * SPREAD * random());
    // What the receiver asks for comes on top of the spread being lost: those it asked must not all return at once.
    const asked = Math.min(result.retryAfterMs ?? 0, maxRetryAfterMs) * (1 + SPREAD * random());
    return { kind: "retry", at: now + Math.round(Math.max(spread, asked)) };
  }
}
