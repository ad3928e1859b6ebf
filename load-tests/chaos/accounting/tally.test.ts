import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addTallies, EMPTY_TALLY, isSound, quantile, quantileOfCounts, type Tally } from "./tally.ts";

const SOME: Tally = {
  ...EMPTY_TALLY,
  clients: 2,
  expected: 10,
  received: 9,
  lost: 1,
  resets: { expired: 1 },
  endings: { "sse end": 2 },
  awayMs: [5],
  delayMs: { 3: 9 },
};

describe("addTallies", () => {
  test("adds everything up", () => {
    expect(addTallies([])).toEqual(EMPTY_TALLY);
    expect(addTallies([SOME])).toEqual(SOME);
    expect(
      addTallies([SOME, { ...SOME, resets: { epoch: 2, expired: 1 }, delayMs: { 3: 1, 4: 1 } }]),
    ).toEqual({
      ...EMPTY_TALLY,
      clients: 4,
      expected: 20,
      received: 18,
      lost: 2,
      resets: { expired: 2, epoch: 2 },
      endings: { "sse end": 4 },
      awayMs: [5, 5],
      delayMs: { 3: 10, 4: 1 },
    });
  });
});

test.each(["lost", "twice", "outOfOrder", "phantom", "foreign"] as const)(
  "a message %s is not sound",
  (key) => {
    expect(isSound({ ...EMPTY_TALLY, [key]: 1 })).toBe(false);
  },
);

test("what a reset excuses is sound", () => {
  expect(isSound({ ...EMPTY_TALLY, excused: 3, resets: { expired: 1 } })).toBe(true);
});

describe("quantiles", () => {
  test("of nothing are not a number", () => {
    expect(quantile([], 0.5)).toBeNaN();
    expect(quantileOfCounts({}, 0.5)).toBeNaN();
  });

  test("are the same of values and of their counts", () => {
    const shares = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1 }), shares, (values, share) => {
        const counts: Record<string, number> = {};
        for (const value of values) {
          counts[value] = (counts[value] ?? 0) + 1;
        }
        const found = quantile(values, share);
        expect(quantileOfCounts(counts, share)).toBe(found);
        expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(values.length * share);
      }),
    );
  });
});
