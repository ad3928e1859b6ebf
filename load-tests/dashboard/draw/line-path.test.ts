import { expect, test } from "vitest";
import { linePath, stretches } from "./line-path.ts";

const plot = { xOf: (seconds: number) => seconds, yOf: (value: number) => 100 - value, step: 2 };

test("a scrape that failed is a gap, and not a line across it", () => {
  const points = [0, 2, 4, 10, 12].map((seconds) => [seconds, 1] as const);
  expect(stretches(points, 2).map((one) => one.map(([seconds]) => seconds))).toStrictEqual([
    [0, 2, 4],
    [10, 12],
  ]);
});

test("points of a level line are left out", () => {
  const points = [
    [0, 5],
    [2, 5],
    [4, 5],
    [6, 9],
  ] as const;
  expect(linePath(points, plot)).toBe("M0 95L4 95 6 91");
});

test.each([
  [[[0, 1]] as const, "M0 99h1"],
  [
    [
      [0, 1],
      [2, 1],
      [4, 1],
    ] as const,
    "M0 99L4 99",
  ],
])("%j is seen", (points, path) => {
  expect(linePath(points, plot)).toBe(path);
});
