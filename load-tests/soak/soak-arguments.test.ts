import { describe, expect, test } from "vitest";
import { parseSoakArguments } from "./soak-arguments.ts";

describe("parseSoakArguments", () => {
  test("holds a hundred thousand for ten minutes by default", () => {
    expect(parseSoakArguments([])).toEqual({
      kind: "run",
      options: {
        ...{ connections: 100_000, processes: 12, clientProcesses: 6, channels: 1000, everySeconds: 10 },
        ...{
          ramp: 2000,
          warmUpSeconds: 120,
          warmUpEverySeconds: 2,
          minutes: 10,
          kill: true,
          json: false,
          record: undefined,
        },
      },
    });
  });

  test("has no more processes and channels than connections", () => {
    expect(parseSoakArguments(["--connections", "3", "--no-kill", "--record", "small"])).toMatchObject({
      options: { clientProcesses: 3, channels: 3, kill: false, record: "small" },
    });
  });

  test.each([
    [["--connections", "many"], "--connections must be a whole number from 1 to 1000000, not many"],
    [["--processes", "1"], "--processes"],
    [["--record", "../x"], "--record must be lower-case letters, digits and dashes, not ../x"],
    [["--unknown"], "--unknown"],
  ])("refuses %j", (argv, message) => {
    const parsed = parseSoakArguments(argv);
    expect(parsed).toMatchObject({ kind: "refused", message: expect.stringContaining(message) });
  });

  test("shows how it is used", () => {
    expect(parseSoakArguments(["-h"])).toEqual({ kind: "help" });
  });
});
