import { describe, expect, test } from "vitest";
import { renderVerdicts, verdictOn } from "./verdict.ts";

const AT_MOST = { bound: "at most", value: 1.1 } as const;
const AT_LEAST = { bound: "at least", value: 6 } as const;

describe("verdictOn", () => {
  test.each([
    [1.1, AT_MOST, "met"],
    [1.11, AT_MOST, "missed"],
    [6, AT_LEAST, "met"],
    [5.9, AT_LEAST, "missed"],
    [Number.NaN, AT_LEAST, "not measured"],
    [3, undefined, "no goal"],
  ] as const)("says of %d with %j that it is %s", (measured, goal, verdict) => {
    expect(verdictOn("a figure", measured, goal).verdict).toBe(verdict);
  });
});

test("renderVerdicts shows figure, goal and verdict", () => {
  const verdicts = [
    verdictOn("ratio", 1.2345, AT_MOST),
    verdictOn("lost", 0, undefined),
    verdictOn("other", Number.NaN, AT_LEAST),
  ];
  expect(renderVerdicts(verdicts)).toEqual([
    "figure  measured         goal       verdict",
    "ratio       1.23  at most 1.1        missed",
    "lost           0            -       no goal",
    "other          -   at least 6  not measured",
  ]);
});
