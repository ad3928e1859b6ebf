import { expect, test } from "vitest";
import { legendLines } from "./legend.ts";

const items = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `name-${index}`, color: "red" }));

test("names stand side by side, and go on in the next line", () => {
  const lines = legendLines(items(4), 150);
  expect(lines.map((line) => line.items.map(({ name }) => name))).toStrictEqual([
    ["name-0", "name-1"],
    ["name-2", "name-3"],
  ]);
});

test("more than three lines are counted instead", () => {
  const lines = legendLines(items(10), 150);
  expect(lines).toHaveLength(3);
  expect(lines[2]?.items.map(({ name }) => name)).toStrictEqual(["name-4", "and 5 more"]);
});

test("a name as wide as the panel is cut", () => {
  const [line] = legendLines([{ name: "n".repeat(100), color: "red" }], 150);
  expect(line?.items[0]?.name).toMatch(/^n+…$/);
});
