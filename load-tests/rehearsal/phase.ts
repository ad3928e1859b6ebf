import { addCounts, quantileOfCounts } from "../chaos/accounting/tally.ts";
import type { ActResult, ActTimes } from "./act-result.ts";

export const PHASES = ["before", "during", "after"] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Whose deliveries are looked at: of `served` clients those that were published while they were served, of `returning` ones what they
 * had missed before they were.
 */
export type Audience = "served" | "returning";

/** From publish to receipt, of the messages that were published in a phase, whenever they came. NaN without any. */
export interface PhaseDelays {
  readonly deliveries: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** In which phase of an act a second lies, if in any. One that lies in two counts to the disturbed one. */
export function phaseOf(
  second: number,
  { beganMicros, brokeMicros, healedMicros }: ActTimes,
): Phase | undefined {
  if (second * 1e6 < beganMicros) {
    return undefined;
  }
  if ((second + 1) * 1e6 <= brokeMicros) {
    return "before";
  }
  return second * 1e6 >= healedMicros ? "after" : "during";
}

export function delaysIn(
  phase: Phase,
  { moments, times }: Pick<ActResult, "moments" | "times">,
  audience: Audience = "served",
): PhaseDelays {
  const some = moments.filter(({ second }) => phaseOf(second, times) === phase);
  const delays = addCounts(
    some.map(({ delayMs, catchUpMs }) => (audience === "served" ? delayMs : catchUpMs)),
  );
  return {
    deliveries: Object.values(delays).reduce((sum, count) => sum + count, 0),
    p50Ms: quantileOfCounts(delays, 0.5),
    p99Ms: quantileOfCounts(delays, 0.99),
    longestMs: quantileOfCounts(delays, 1),
  };
}

/** Of served clients, how many times as long as before; what took less than a millisecond counts as one. NaN where there is nothing to compare. */
export function p99Ratio(phase: Phase, result: Pick<ActResult, "moments" | "times">): number {
  const before = delaysIn("before", result).p99Ms;
  return Math.max(1, delaysIn(phase, result).p99Ms) / Math.max(1, before);
}
