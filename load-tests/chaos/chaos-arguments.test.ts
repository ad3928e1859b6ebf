import { describe, expect, test } from "vitest";
import { CHAOS_USAGE, parseChaosArguments, SCENARIO_NAMES } from "./chaos-arguments.ts";

describe("parseChaosArguments", () => {
  test("runs everything at full size without arguments", () => {
    expect(parseChaosArguments([])).toMatchObject({
      kind: "run",
      options: {
        scenarios: SCENARIO_NAMES,
        sizes: {
          "gateway-kill": { rounds: 20, clients: 2000 },
          "stream-kill": { rounds: 10 },
          "reconnect-storm": { clients: 5000, channels: 50 },
        },
        nodes: 3,
        json: false,
      },
    });
  });

  test("takes scenarios, transports and sizes", () => {
    const argv = [
      "--scenario",
      "stream-kill",
      "--transport",
      "sse",
      "--rounds",
      "2",
      "--rate",
      "0",
      "--json",
    ];
    expect(parseChaosArguments(argv)).toMatchObject({
      kind: "run",
      options: {
        scenarios: ["stream-kill"],
        transports: ["sse"],
        sizes: { "stream-kill": { rounds: 2, clients: 300, rate: 0 } },
        json: true,
      },
    });
  });

  test.each([
    [["--rounds", "0"], "--rounds must be a whole number from 1 to 1000, not 0"],
    [["--nodes", "1"], "--nodes must be a whole number from 2 to 20, not 1"],
    [["--clients", "1e3"], "--clients must be a whole number from 1 to 100000, not 1e3"],
    [["--scenario", "fire"], "not fire"],
    [["--transport", "pigeon"], "not pigeon"],
    [["--what"], "what"],
    [["what"], "what"],
  ])("refuses %j", (argv, message) => {
    expect(parseChaosArguments(argv)).toMatchObject({
      kind: "refused",
      message: expect.stringContaining(message),
    });
  });

  test("helps", () => {
    expect(parseChaosArguments(["--help"])).toEqual({ kind: "help" });
    for (const name of SCENARIO_NAMES) {
      expect(CHAOS_USAGE).toContain(`  ${name} `);
    }
  });
});
