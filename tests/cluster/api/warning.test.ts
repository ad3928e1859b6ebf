import { expect, it } from "vitest";
import { warningTexts } from "./warning.ts";

it("finds each warning, whether headers came by themselves or joined", () => {
  expect(warningTexts(['299 - "old, \\"very\\" old"', '299 - "a", 299 - "b"'])).toStrictEqual([
    'old, "very" old',
    "a",
    "b",
  ]);
});

it("finds none where there is none", () => {
  expect(warningTexts([])).toStrictEqual([]);
});
