/**
 * How an attempt ended.
 *
 * - `delivered`: answered with 2xx.
 * - `failed`: answered with anything else, redirects included, which are not followed.
 * - `gone`: answered with 410: the receiver wants nothing more.
 * - `timeout`: not answered in time.
 * - `unreachable`: no connection, or it broke.
 * - `refused`: the destination is not one that may be connected to.
 */
export const OUTCOMES = ["delivered", "failed", "gone", "timeout", "unreachable", "refused"] as const;
type Outcome = (typeof OUTCOMES)[number];

export interface DeliveryResult {
  readonly outcome: Outcome;
  readonly status?: number | undefined;
  /** When it began, in milliseconds since the epoch. */
  readonly at: number;
  readonly durationMs: number;
  /** The beginning of the answer's body, if it was text. */
  readonly response?: string | undefined;
  /** What went wrong, in words that tell nothing of the network behind. */
  readonly error?: string | undefined;
  /** The receiver asks to be left alone for so long. */
  readonly retryAfterMs?: number | undefined;
}
