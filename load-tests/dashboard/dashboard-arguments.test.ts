import { expect, test } from "vitest";
import { parseDashboardArguments } from "./dashboard-arguments.ts";

test("makes a picture for the documents, unless told otherwise", () => {
  expect(parseDashboardArguments([])).toMatchObject({
    kind: "run",
    options: { seconds: 300, out: "docs/images/dashboard.svg" },
  });
});

test.each([
  ["--out", "picture.gif"],
  ["--seconds", "5"],
])("refuses %s %s", (...argv) => {
  expect(parseDashboardArguments(argv)).toMatchObject({ kind: "refused" });
});
