import { median } from "../bench/summary.ts";

/** Of all samples, at the beginning and at the end. */
const COMPARED_SHARE = 0.25;

/**
 * How much more memory is used in the last quarter of the samples than in the first, in percent: medians, so that a
 * garbage collection more or less says nothing. NaN of fewer than four.
 */
export function memoryGrowthPercent(samples: readonly number[]): number {
  const count = Math.floor(samples.length * COMPARED_SHARE);
  if (count === 0) {
    return Number.NaN;
  }
  const first = median(samples.slice(0, count));
  return (100 * (median(samples.slice(-count)) - first)) / first;
}
