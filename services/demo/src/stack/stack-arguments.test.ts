import { expect, test } from "vitest";
import { parseStackArguments } from "./stack-arguments.ts";

test("everything is optional", () => {
  expect(parseStackArguments([])).toEqual({ kind: "run", json: false, verbose: false });
  expect(parseStackArguments(["--json", "--verbose"])).toEqual({ kind: "run", json: true, verbose: true });
  expect(parseStackArguments(["--json", "--help"])).toEqual({ kind: "help" });
});

test.each([["--jsno"], ["json"], ["--json=1"]])("%s is refused by name", (argument) => {
  expect(parseStackArguments([argument])).toEqual({
    kind: "refused",
    message: expect.stringContaining(argument.split("=")[0] ?? ""),
  });
});
