import { describe, expect, test } from "vitest";
import { parseBenchArguments } from "./bench-arguments.ts";

describe("parseBenchArguments", () => {
  test("measures everything by default", () => {
    expect(parseBenchArguments([])).toEqual({
      kind: "run",
      options: {
        connections: 4000,
        warmUp: 10_000,
        inFlight: 200,
        many: 5000,
        few: 1000,
        fewRate: 50,
        manyRate: 20,
        latencyRate: 300,
        ownRate: 2000,
        payloadBytes: 128,
        seconds: 4,
        idleSeconds: 2,
        turns: 3,
        rounds: 3,
        servers: [
          "bare",
          "native",
          "ws",
          "socket.io",
          "tidegate",
          "by-address",
          "replayable",
          "three-nodes",
          "centrifugo",
        ],
        serversChosen: false,
        scenarios: ["fan-out", "turns", "most", "own", "sse", "stall"],
        saturation: true,
        json: false,
        record: undefined,
        profileDirectory: undefined,
      },
    });
  });

  test("takes what is given", () => {
    const argv = [
      "--connections",
      "100",
      "--warm-up=0",
      "--rounds",
      "1",
      "--scenario",
      "own",
      "--json",
      "--no-saturation",
    ];
    expect(parseBenchArguments([...argv, "--profile", "/profiles"])).toMatchObject({
      kind: "run",
      options: {
        connections: 100,
        warmUp: 0,
        rounds: 1,
        scenarios: ["own"],
        saturation: false,
        json: true,
        profileDirectory: "/profiles",
      },
    });
  });

  test("runs scenarios and servers in its own order, each once", () => {
    const scenarios = ["--scenario", "own", "--scenario", "fan-out", "--scenario", "own"];
    const servers = ["--server", "tidegate", "--server", "bare"];
    expect(parseBenchArguments([...scenarios, ...servers])).toMatchObject({
      options: { scenarios: ["fan-out", "own"], servers: ["bare", "tidegate"], serversChosen: true },
    });
  });

  test("has no more clients in a phase than there are", () => {
    expect(parseBenchArguments(["--connections", "100", "--warm-up", "50"])).toMatchObject({
      options: { many: 150, few: 150 },
    });
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
    [["--scenario", "mine"], "--scenario must be one of fan-out, turns, most, own, sse, stall, not mine"],
    [
      ["--server", "apache"],
      "--server must be one of bare, native, ws, socket.io, tidegate, by-address, replayable, three-nodes, centrifugo, not apache",
    ],
    [["--record", "../x"], "--record must be lower-case letters, digits and dashes, not ../x"],
    [["--unknown"], "--unknown"],
    [["stray"], "stray"],
  ])("refuses %j", (argv, message) => {
    const parsed = parseBenchArguments(argv);
    expect(parsed).toMatchObject({ kind: "refused", message: expect.stringContaining(message) });
  });
});
