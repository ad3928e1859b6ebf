import { describe, expect, test } from "vitest";
import { ACT_NAMES } from "./act-name.ts";
import { parseRehearsalArguments, REHEARSAL_USAGE } from "./rehearsal-arguments.ts";

describe("parseRehearsalArguments", () => {
  test("rehearses everything with three of each without arguments", () => {
    expect(parseRehearsalArguments([])).toMatchObject({
      kind: "run",
      options: { acts: ACT_NAMES, nodes: 3, natsServers: 3, clients: 1200, json: false, record: undefined },
    });
  });

  test("takes acts, in the order in which they are rehearsed, and sizes", () => {
    const argv = ["--act", "partition", "--act", "scale", "--outage", "20", "--record", "night", "--json"];
    expect(parseRehearsalArguments(argv)).toMatchObject({
      kind: "run",
      options: { acts: ["scale", "partition"], outageSeconds: 20, record: "night", json: true },
    });
  });

  test.each([
    [["--act", "fire"], "not fire"],
    [["--nodes", "1"], "--nodes must be a whole number from 2 to 20, not 1"],
    [["--calm", "1"], "--calm must be a whole number from 2 to 600, not 1"],
    [["--record", "A"], "--record must be"],
    [["what"], "what"],
  ])("refuses %j", (argv, message) => {
    expect(parseRehearsalArguments(argv)).toMatchObject({
      kind: "refused",
      message: expect.stringContaining(message),
    });
  });

  test("helps", () => {
    expect(parseRehearsalArguments(["--help"])).toEqual({ kind: "help" });
    for (const name of ACT_NAMES) {
      expect(REHEARSAL_USAGE).toContain(`  ${name} `);
    }
  });
});
