import { describe, expect, it } from "vitest";
import { names } from "./channel-pattern.ts";

describe("names", () => {
  it.each([
    ["a", "a", true],
    ["a", "b", false],
    ["a.b", "a", false],
    ["a", "a.b", false],
    ["a.*", "a.b", true],
    ["a.*", "a", false],
    ["a.*", "a.b.c", false],
    ["a.*.c", "a.b.c", true],
    ["a.*.c", "a.b.d", false],
    ["a.>", "a.b.c", true],
    ["a.>", "a.b", true],
    ["a.>", "a", false],
    ["a.>", "b.a", false],
  ])("%s over %s: %s", (pattern, channel, expected) => {
    expect(names(pattern, channel)).toBe(expected);
  });
});
