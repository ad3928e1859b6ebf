import { expect, test } from "vitest";
import { textTable } from "./text-table.ts";

test("aligns columns, the first to the left", () => {
  expect(
    textTable([
      ["", "bare"],
      ["a figure", "1"],
      ["b", "10", "x"],
    ]),
  ).toEqual(["          bare", "a figure     1", "b           10  x"]);
  expect(textTable([])).toEqual([]);
});
