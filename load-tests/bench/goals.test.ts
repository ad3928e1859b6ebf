import { describe, expect, test } from "vitest";
import { judge, metricsCompared } from "./goals.ts";
import { completeMeasurement, type Measurement } from "./measurement.ts";
import type { ScenarioName } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";
import { ScenarioSummary } from "./summary.ts";

function outcome(
  title: string,
  servers: Readonly<Partial<Record<ServerName, Partial<Measurement>>>>,
  scenario: ScenarioName = "fan-out",
) {
  const results = Object.entries(servers).map(([server, some]) => ({
    ...({ round: 1, scenario, server: server as ServerName } as const),
    measurement: completeMeasurement(some),
  }));
  const found = judge(new ScenarioSummary(scenario, results)).find((verdict) => verdict.title === title);
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
    const bare = { mostDeliveries: 10 };
    expect(outcome(most, { bare, tidegate: { mostDeliveries: 9 } }, "most")).toEqual([0.9, "met"]);
    expect(outcome(most, { bare, tidegate: { mostDeliveries: 8 } }, "most")).toEqual([0.8, "missed"]);
  });

  test("may compare with another figure of the other server", () => {
    const servers = { centrifugo: { mostDeliveries: 1 }, tidegate: { mostBatched: 12 } };
    expect(outcome("most deliveries, joined / Centrifugo", servers)).toEqual([12, "met"]);
  });

  test("compares gateways with each other, and a figure with another of the same gateway", () => {
    const nodes = { tidegate: { fewDeliveryMicros: 10 }, "three-nodes": { fewDeliveryMicros: 11 } };
    const nodesTitle = "CPU of a delivery to few, on 3 nodes / on 1";
    expect(outcome(nodesTitle, nodes, "turns")).toEqual([1.1, "missed"]);
    const stall = { tidegate: { calmP99Ms: 10, stalledP99Ms: 11 }, replayable: { stalledLost: 1 } };
    const p99 = "p99 of healthy readers, 10 % stalled / none";
    expect(outcome(p99, stall, "stall")).toEqual([1.1, "met"]);
    const lost = "messages lost by stalled readers, replayable channel";
    expect(outcome(lost, stall, "stall")).toEqual([1, "missed"]);
  });

  test("asks of each server only what it compares", () => {
    const compared = metricsCompared("turns");
    expect([...(compared.get("native") ?? [])]).toEqual(["p99Ms"]);
    expect(compared.get("bare")).not.toContain("p99Ms");
    expect(compared.get("tidegate")).toContain("p99Ms");
  });

  test("says where nothing can be compared", () => {
    expect(outcome("p99 / native publish", { tidegate: { p99Ms: 1 } }, "turns")).toEqual([
      null,
      "not measured",
    ]);
  });
});
