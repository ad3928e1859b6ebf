import { describe, expect, test } from "vitest";
import { parseHookArguments } from "./hook-arguments.ts";

describe("parseHookArguments", () => {
  test("reads what is given, and has defaults", () => {
    expect(parseHookArguments(["--bytes", "64"])).toEqual({
      kind: "run",
      options: { seconds: 10, connections: 16, bytes: 64 },
    });
    expect(parseHookArguments(["-h"])).toEqual({ kind: "help" });
  });

  test.each([
    [["--seconds", "0"], "--seconds must be a whole number from 1 to 86400, not 0"],
    [["--connections", "few"], "--connections"],
    [["--bytes", "1e9"], "--bytes"],
    [["--unknown"], "--unknown"],
    [["github"], "github"],
  ])("refuses %j", (argv, message) => {
    expect(parseHookArguments(argv)).toMatchObject({
      kind: "refused",
      message: expect.stringContaining(message),
    });
  });
});
