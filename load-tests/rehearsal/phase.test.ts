import { describe, expect, test } from "vitest";
import { actResult } from "./act-result.fixture.ts";
import { delaysIn, p99Ratio, phaseOf } from "./phase.ts";

const moment = (second: number, delayMs: Readonly<Record<string, number>>) => ({
  second,
  lost: 0,
  returned: 0,
  delayMs,
  catchUpMs: { 2000: 3 },
});

test.each([
  [100, "before"],
  [103, "before"],
  [104, "during"],
  [107, "during"],
  [108, "after"],
] as const)("second %d lies %s the disturbance, whole or in part", (second, phase) => {
  expect(phaseOf(second, actResult().times)).toBe(phase);
});

test("what was before the act, and the second in which it began, lie in none", () => {
  const times = { ...actResult().times, beganMicros: 100.5e6 };
  expect([99, 100, 101].map((second) => phaseOf(second, times))).toEqual([undefined, undefined, "before"]);
});

describe("delays", () => {
  const result = actResult({
    moments: [
      moment(101, { 4: 99, 10: 1 }),
      moment(102, { 4: 100 }),
      moment(105, { 30: 98, 900: 2 }),
      moment(110, { 0: 50 }),
    ],
  });

  test("are those of the messages that were published in the phase", () => {
    expect(delaysIn("before", result)).toEqual({ deliveries: 200, p50Ms: 4, p99Ms: 4, longestMs: 10 });
    expect(delaysIn("during", result)).toMatchObject({ p50Ms: 30, p99Ms: 900 });
    expect(delaysIn("during", result, "returning")).toMatchObject({ deliveries: 3, p99Ms: 2000 });
  });

  test("are compared with those before, and what is below a millisecond counts as one", () => {
    expect(p99Ratio("during", result)).toBe(225);
    expect(p99Ratio("after", result)).toBe(0.25);
    expect(p99Ratio("during", actResult())).toBeNaN();
  });
});
