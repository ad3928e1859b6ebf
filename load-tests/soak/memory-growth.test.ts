import { describe, expect, test } from "vitest";
import { memoryGrowthPercent } from "./memory-growth.ts";

describe("memoryGrowthPercent", () => {
  test("compares the ends, whatever single samples say", () => {
    expect(memoryGrowthPercent([100, 100, 180, 5, 5, 5, 5, 5, 5, 90, 110, 110])).toBe(10);
    expect(memoryGrowthPercent([200, 0, 0, 150])).toBe(-25);
  });

  test("says nothing of too few", () => {
    expect(memoryGrowthPercent([1, 2, 3])).toBeNaN();
  });
});
