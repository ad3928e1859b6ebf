import type { DeferReason } from "../lanes/lane.ts";
import type { DeliveryTask } from "../queue/delivery-task.ts";
import type { DeliveryResult } from "./delivery-result.ts";

export interface RetryPolicyOptions {
  /** Pause before the second attempt, the third, and so on; none after the last. */
  readonly pausesMs: readonly number[];
  /** Above this, `Retry-After` is not honoured. */
  readonly maxRetryAfterMs: number;
  /** How long copies of messages are kept. */
  readonly keepMessagesMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * Why a message is not delivered any more.
 *
 * - `exhausted`: every attempt failed. `expired`: the endpoint was not fit to be tried for too long, see {@link RetryPolicy.isExpired}.
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
/** The part of the time for which copies outlive retries that is left to processes that are away: what waits ends before it. */
const RESERVE = 0.1;

/** How far a delivery is, as far as it decides what follows. */
type Progress = Pick<DeliveryTask, "attempt" | "since">;

/**
 * What follows an attempt, and how long one may be waited for. Attempts count and not time: one that can be made is made, however late.
 * Time decides only for what cannot be tried.
 */
export class RetryPolicy {
  readonly #options: RetryPolicyOptions;

  constructor(options: RetryPolicyOptions) {
    this.#options = options;
  }

  /**
   * Whether a delivery that cannot be tried now becomes a dead letter, and does not wait until `until`. It does before the copy of its
   * message is lost, because a dead letter keeps the payload; and when it was tried before and retries would be over by now, unless it is
   * the lane that has no room: an endpoint can be well while it works off what an outage has left.
   */
  isExpired({ attempt, since }: Progress, until: number, reason: DeferReason, now: number): boolean {
    if (this.#outlivesCopy(since, until)) return true;
    return reason !== "full" && attempt > 1 && now - since > this.#retriesMs;
  }

  /** @param done how far the delivery was with the attempt that has ended. */
  next(done: Progress, result: DeliveryResult, now: number): NextStep {
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
    const pause = pausesMs[done.attempt - 1];
    if (pause === undefined) return { kind: "dead", reason: "exhausted" };
    const spread = pause * (1 - SPREAD + 2 * SPREAD * random());
    // What the receiver asks for comes on top of the spread being lost: those it asked must not all return at once.
    const asked = Math.min(result.retryAfterMs ?? 0, maxRetryAfterMs) * (1 + SPREAD * random());
    const at = now + Math.round(Math.max(spread, asked));
    return this.#outlivesCopy(done.since, at) ? { kind: "dead", reason: "expired" } : { kind: "retry", at };
  }

  /** How long retries go on that nothing delays. */
  get #retriesMs(): number {
    const sum = this.#options.pausesMs.reduce((total, pause) => total + pause, 0);
    return sum * RETRY_SPREAD + this.#options.maxRetryAfterMs;
  }

  #outlivesCopy(since: number, at: number): boolean {
    const { keepMessagesMs } = this.#options;
    const spare = Math.max(0, keepMessagesMs - this.#retriesMs);
    return at - since > keepMessagesMs - spare * RESERVE;
  }
}
