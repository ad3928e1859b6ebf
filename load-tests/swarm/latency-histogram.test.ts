import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "./latency-histogram.ts";

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) {
    histogram.record(value);
  }
  return histogram;
}

describe("LatencyHistogram", () => {
  test("knows no quantile of nothing", () => {
    expect(new LatencyHistogram().quantile(0.5)).toBeNaN();
  });

  test("reads small durations back exactly", () => {
    const histogram = histogramOf([1, 2, 3, 4, 200]);
    expect(histogram.quantile(0)).toBe(1);
    expect(histogram.quantile(0.5)).toBe(3);
    expect(histogram.quantile(1)).toBe(200);
  });

  test("counts what lies outside as the nearest that fits", () => {
    const histogram = histogramOf([-5, 1e12]);
    expect(histogram.total).toBe(2);
    expect(histogram.quantile(0.5)).toBe(0);
    expect(histogram.quantile(1)).toBe(2 ** 31 - 1);
  });

  test("reads any quantile back to within one part in 128, never below the true one", () => {
    const durations = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const sorted = [...values].sort((one, other) => one - other);
        const exact = sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1] ?? Number.NaN;
        const read = histogramOf(values).quantile(share);
        expect(read).toBeGreaterThanOrEqual(exact);
        expect(read).toBeLessThanOrEqual(exact * (1 + 1 / 128) + 1);
      }),
    );
  });
});
