import { describe, expect, test } from "vitest";
import { LOAD_SCENARIOS, parseLoadArguments } from "./load-arguments.ts";

describe("parseLoadArguments", () => {
  test("runs every scenario in full, against a stack of its own, by default", () => {
    expect(parseLoadArguments([])).toEqual({
      kind: "run",
      options: { scenarios: LOAD_SCENARIOS, smoke: false, target: undefined, variables: [] },
    });
  });

  test("takes scenarios in its own order, sizes, and nodes that run already", () => {
    const argv = ["sse", "fan-out", "--smoke", "--set", "CLIENTS=5", "--gateway", "http://a:1"];
    expect(parseLoadArguments([...argv, "--gateway=https://b", "--token", "jwt"])).toEqual({
      kind: "run",
      options: {
        scenarios: ["fan-out", "sse"],
        smoke: true,
        target: { gateways: ["http://a:1", "https://b"], token: "jwt", secret: undefined },
        variables: ["CLIENTS=5"],
      },
    });
  });

  test("shows how it is used", () => {
    expect(parseLoadArguments(["--help", "nonsense"])).toEqual({ kind: "help" });
  });

  test.each([
    [["storm"], "there is no scenario storm"],
    [["--gateway", "ws://a"], "--gateway"],
    [["--gateway", "http://a/v1"], "--gateway"],
    [["--set", "clients=5"], "--set"],
    [["--set", "CLIENTS"], "--set"],
    [["--token", "jwt"], "go with --gateway"],
    [["--unknown"], "--unknown"],
  ])("refuses %j", (argv, message) => {
    expect(parseLoadArguments(argv)).toMatchObject({
      kind: "refused",
      message: expect.stringContaining(message),
    });
  });
});
