import { expect, test } from "vitest";
import { verdictOn } from "../record/verdict.ts";
import { withResults } from "./results-page.ts";

const PAGE = "before\n<!-- generated:results -->\nold\n<!-- /generated:results -->\nafter\n";

test("withResults puts each record between the marks, and leaves the rest", () => {
  const page = withResults(PAGE, [
    {
      name: "soak",
      record: {
        command: "npm run soak",
        machine: { date: "today", cpu: "cpu", cores: 2, memoryGib: 24, kernel: "6", node: "v22" },
        remarks: ["Others worked, too."],
        verdicts: [verdictOn("lost", 0, { bound: "at most", value: 0 })],
        charts: [{ kind: "bars", title: "CPU", unit: "µs", bars: [] }],
        details: {},
      },
    },
  ]);
  expect(page).toMatch(/^before\n[\s\S]*\nafter\n$/);
  expect(page).not.toContain("old");
  for (const part of [
    "npm run soak",
    "| lost   |        0 | at most 0 | met     |",
    "Others worked",
    "(charts/soak-1.svg)",
  ]) {
    expect(page).toContain(part);
  }
});

test("withResults refuses a page without marks", () => {
  expect(() => withResults("nothing", [])).toThrow(TypeError);
});
