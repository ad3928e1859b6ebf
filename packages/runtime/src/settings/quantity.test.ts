import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DURATION_UNITS, parseQuantity, SIZE_UNITS } from "./quantity.ts";

describe("parseQuantity", () => {
  test.each([
    ["0", 0],
    ["65536", 65_536],
    ["64KiB", 65_536],
    ["64 KiB", 65_536],
    [" 1kB ", 1000],
    ["2MB", 2_000_000],
    ["1GiB", 1_073_741_824],
  ])("reads %j as %i bytes", (text, value) => {
    expect(parseQuantity(text, SIZE_UNITS)).toBe(value);
  });

  test.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["12h", 43_200_000],
    ["8d", 691_200_000],
  ])("reads %j as %i milliseconds", (text, value) => {
    expect(parseQuantity(text, DURATION_UNITS)).toBe(value);
  });

  test.each([
    ["64KB"],
    ["64kib"],
    ["1.5MB"],
    ["-1"],
    ["1e3"],
    [""],
    ["B"],
    ["1 000"],
    ["9007199254740993"],
    ["1toString"],
  ])("refuses %j", (text) => {
    expect(parseQuantity(text, SIZE_UNITS)).toBeUndefined();
  });

  test("reads every whole number in every unit exactly, unless it is too large to be exact", () => {
    const unit = fc.constantFrom(...Object.entries(SIZE_UNITS));
    fc.assert(
      fc.property(fc.nat(), unit, (count, [name, factor]) => {
        const exact = BigInt(count) * BigInt(factor);
        const expected = exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : undefined;
        expect(parseQuantity(`${count}${name}`, SIZE_UNITS)).toBe(expected);
      }),
    );
  });
});
