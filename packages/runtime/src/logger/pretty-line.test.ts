import { describe, expect, test } from "vitest";
import { prettyLine } from "./pretty-line.ts";

describe("prettyLine", () => {
  test.each([["not JSON\n"], ["[1]\n"], ["null\n"], [""]])("passes %j on as it is", (line) => {
    expect(prettyLine(line)).toBe(line);
  });

  test("writes an error without a stack by its type, code and message", () => {
    const line = JSON.stringify({
      level: "error",
      msg: "m",
      err: { type: "Error", code: "E1", message: "why" },
    });
    expect(prettyLine(line)).toBe("ERROR : m\n    Error E1: why\n");
  });

  test("keeps a line without a message to what there is", () => {
    expect(prettyLine(JSON.stringify({ level: "info", name: "n", a: null }))).toBe("INFO  n: a=null\n");
  });
});
