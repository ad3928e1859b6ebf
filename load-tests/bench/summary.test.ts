import { describe, expect, test } from "vitest";
import { completeMeasurement, type Measurement } from "./measurement.ts";
import type { ServerName } from "./server-name.ts";
import { median, type RoundResult, ScenarioSummary } from "./summary.ts";

function result(round: number, server: ServerName, some: Partial<Measurement>): RoundResult {
  return { round, scenario: "fan-out", server, measurement: completeMeasurement(some) };
}

const BARE = { server: "bare", metric: "connectMicros" } as const;
const TIDEGATE = { server: "tidegate", metric: "connectMicros" } as const;

describe("median", () => {
  test.each([
    [[], Number.NaN],
    [[5], 5],
    [[9, 1, 5], 5],
    [[1, 10, 2, 3], 2.5],
    [[Number.NaN, 4], 4],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe("ScenarioSummary", () => {
  test("compares the servers within each round before it takes the median", () => {
    // The machine was twice as slow in the second round, which neither ratio nor median may see.
    const summary = new ScenarioSummary("fan-out", [
      result(1, "bare", { connectMicros: 50 }),
      result(1, "tidegate", { connectMicros: 100 }),
      result(2, "bare", { connectMicros: 100 }),
      result(2, "tidegate", { connectMicros: 200 }),
      result(3, "bare", { connectMicros: 40 }),
      result(3, "tidegate", { connectMicros: 120 }),
    ]);
    expect(summary.servers).toEqual(["bare", "tidegate"]);
    expect(summary.figure(BARE)).toBe(50);
    expect(summary.figure(TIDEGATE)).toBe(120);
    expect(summary.ratio(TIDEGATE, BARE)).toBe(2);
    expect(summary.difference(TIDEGATE, BARE)).toBe(80);
  });

  test("adds up what was lost, which a median would hide", () => {
    const summary = new ScenarioSummary("fan-out", [
      result(1, "tidegate", { lost: 0 }),
      result(2, "tidegate", { lost: 7 }),
      result(3, "tidegate", { lost: 0 }),
    ]);
    expect(summary.figure({ server: "tidegate", metric: "lost" })).toBe(7);
  });

  test("looks only at its scenario, and has no figures of servers that were not measured", () => {
    const other = new ScenarioSummary("own", [result(1, "bare", { connectMicros: 50 })]);
    expect(other.servers).toEqual([]);
    expect(other.figure(BARE)).toBeNaN();
    const one = new ScenarioSummary("fan-out", [result(1, "tidegate", { connectMicros: 50 })]);
    expect(one.ratio(TIDEGATE, BARE)).toBeNaN();
  });
});
