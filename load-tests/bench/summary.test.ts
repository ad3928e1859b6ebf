import { describe, expect, test } from "vitest";
import { METRICS, type Measurement } from "./measurement.ts";
import type { RoundResult } from "./run-bench.ts";
import { median, summarize } from "./summary.ts";

function result(round: number, server: RoundResult["server"], connectMicros: number, lost = 0): RoundResult {
  const zeros = Object.fromEntries(METRICS.map((metric) => [metric, 0])) as unknown as Measurement;
  return { round, scenario: "shared", server, measurement: { ...zeros, connectMicros, lost } };
}

describe("median", () => {
  test.each([
    [[], Number.NaN],
    [[5], 5],
    [[9, 1, 5], 5],
    [[1, 10, 2, 3], 2.5],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe("summarize", () => {
  test("compares the servers within each round before it takes the median", () => {
    // The machine was twice as slow in the second round, which neither ratio nor median may see.
    const results = [
      result(1, "bare", 50),
      result(1, "gateway", 100),
      result(2, "bare", 100),
      result(2, "gateway", 200),
      result(3, "bare", 40),
      result(3, "gateway", 120),
    ];
    const summary = summarize("shared", results);
    expect(summary.bare.connectMicros).toBe(50);
    expect(summary.gateway.connectMicros).toBe(120);
    expect(summary.ratio.connectMicros).toBe(2);
    expect(summary.difference.connectMicros).toBe(80);
  });

  test("adds up what was lost, which a median would hide", () => {
    const results = [result(1, "gateway", 100), result(2, "gateway", 100, 7), result(3, "gateway", 100)];
    expect(summarize("shared", results).gateway.lost).toBe(7);
  });

  test("looks only at the rounds of its scenario", () => {
    const results = [result(1, "bare", 50), result(1, "gateway", 100)];
    expect(summarize("own", results).gateway.connectMicros).toBeNaN();
  });
});
