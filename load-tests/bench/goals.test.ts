import { describe, expect, test } from "vitest";
import type { ServerName } from "./contenders.ts";
import { judge } from "./goals.ts";
import { completeMeasurement, type Measurement } from "./measurement.ts";
import { ScenarioSummary } from "./summary.ts";

function outcome(title: string, servers: Readonly<Partial<Record<ServerName, Partial<Measurement>>>>) {
  const results = Object.entries(servers).map(([server, some]) => ({
    ...({ round: 1, scenario: "fan-out", server: server as ServerName } as const),
    measurement: completeMeasurement(some),
  }));
  const found = judge(new ScenarioSummary("fan-out", results)).find(({ goal }) => goal.title === title);
  return [found?.measured, found?.verdict];
}

describe("judge", () => {
  test("holds a gateway against its goal, whichever way that is meant", () => {
    const memory = "memory of a connection - bare, KiB";
    expect(outcome(memory, { bare: { collectedKib: 1 }, tidegate: { collectedKib: 5 } })).toEqual([4, "met"]);
    expect(outcome(memory, { bare: { collectedKib: 1 }, tidegate: { collectedKib: 6 } })).toEqual([
      5,
      "missed",
    ]);
    const most = "most deliveries / bare";
    expect(outcome(most, { bare: { mostDeliveries: 10 }, tidegate: { mostDeliveries: 9 } })).toEqual([
      0.9,
      "met",
    ]);
    expect(outcome(most, { bare: { mostDeliveries: 10 }, tidegate: { mostDeliveries: 8 } })).toEqual([
      0.8,
      "missed",
    ]);
  });

  test("may compare with another figure of the other server", () => {
    const servers = { centrifugo: { mostDeliveries: 1 }, tidegate: { mostBatched: 12 } };
    expect(outcome("most deliveries, joined / Centrifugo", servers)).toEqual([12, "met"]);
  });

  test("says where nothing can be compared", () => {
    expect(outcome("p99 / native publish", { tidegate: { p99Ms: 1 } })).toEqual([Number.NaN, "not measured"]);
  });
});
