import { describe, expect, test } from "vitest";
import { parseBenchArguments } from "./bench-arguments.ts";

describe("parseBenchArguments", () => {
  test("measures everything by default", () => {
    expect(parseBenchArguments([])).toEqual({
      kind: "run",
      options: {
        connections: 5000,
        warmUp: 5000,
        inFlight: 200,
        rate: 3,
        ownRate: 2000,
        payloadBytes: 128,
        seconds: 5,
        idleSeconds: 5,
        rounds: 3,
        scenarios: ["shared", "own"],
        json: false,
        profileDirectory: undefined,
      },
    });
  });

  test("takes what is given", () => {
    const argv = ["--connections", "100", "--warm-up=0", "--rounds", "1", "--scenario", "own", "--json"];
    expect(parseBenchArguments([...argv, "--profile", "/profiles"])).toMatchObject({
      kind: "run",
      options: {
        connections: 100,
        warmUp: 0,
        rounds: 1,
        scenarios: ["own"],
        json: true,
        profileDirectory: "/profiles",
      },
    });
  });

  test("runs scenarios in its own order, each once", () => {
    const argv = ["--scenario", "own", "--scenario", "shared", "--scenario", "own"];
    expect(parseBenchArguments(argv)).toMatchObject({ options: { scenarios: ["shared", "own"] } });
  });

  test.each([["--help"], ["-h"]])("shows how it is used for %s, whatever else stands there", (flag) => {
    expect(parseBenchArguments([flag, "--connections", "many"])).toEqual({ kind: "help" });
  });

  test.each([
    [["--connections", "many"], "--connections must be a whole number from 1 to 100000, not many"],
    [["--connections", "0"], "--connections"],
    [["--connections", "1.5"], "--connections"],
    [["--connections=-1"], "--connections"],
    [["--connections", "100001"], "--connections"],
    [["--in-flight", "512"], "--in-flight must be a whole number from 1 to 400, not 512"],
    [["--payload", "10"], "--payload"],
    [["--rounds", ""], "--rounds"],
    [["--scenario", "mine"], "--scenario must be shared or own, not mine"],
    [["--unknown"], "--unknown"],
    [["stray"], "stray"],
  ])("refuses %j", (argv, message) => {
    const parsed = parseBenchArguments(argv);
    expect(parsed).toMatchObject({ kind: "refused", message: expect.stringContaining(message) });
  });
});
