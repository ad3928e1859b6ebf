import { describe, expect, test } from "vitest";
import { METRICS, type Measurement, type Metric } from "./measurement.ts";
import { renderReport, warnings } from "./report.ts";
import type { BenchResult } from "./run-bench.ts";
import type { ScenarioSummary } from "./summary.ts";

type Some = { readonly [Name in Metric]?: number };

function figures(some: Some): Measurement {
  const zeros = Object.fromEntries(METRICS.map((metric) => [metric, 0]));
  return { ...zeros, ...some } as unknown as Measurement;
}

function summary(bare: Some, gateway: Some, ratio: Some = {}, difference: Some = {}): ScenarioSummary {
  return {
    scenario: "shared",
    bare: figures(bare),
    gateway: figures(gateway),
    ratio: figures(ratio),
    difference: figures(difference),
  };
}

/** As a storm should be: the server has nothing left. */
const BUSY: Some = { connectServerShare: 0.97 };

const RESULT: BenchResult = {
  options: {
    connections: 5000,
    warmUp: 1000,
    inFlight: 200,
    rate: 3,
    ownRate: 2000,
    payloadBytes: 128,
    seconds: 5,
    idleSeconds: 5,
    rounds: 3,
    scenarios: ["shared"],
    json: false,
    profileDirectory: undefined,
  },
  cpus: { kind: "pinned", server: "1", clients: "0" },
  natsVersion: "2.15.2",
  rounds: [],
};

function lineOf(report: string, title: string): string {
  return report.split("\n").find((line) => line.startsWith(title)) ?? "";
}

describe("renderReport", () => {
  test("shows both servers, how they compare, and whether that meets the goal", () => {
    const one = summary(
      { connectMicros: 50.4, deliveryMicros: 10, collectedKib: 0.5 },
      { connectMicros: 120.6, deliveryMicros: 12, collectedKib: 1.75 },
      { connectMicros: 2.39, deliveryMicros: 1.2 },
      { collectedKib: 1.25 },
    );
    const report = renderReport(RESULT, [one], "a machine");
    expect(lineOf(report, "CPU of a connection, µs")).toMatch(/ 50 +121 +× 2\.39 +≤ 2\.6 met$/);
    expect(lineOf(report, "CPU of a delivery, µs")).toMatch(/ 10\.00 +12\.00 +× 1\.20 +≤ 1\.1 missed$/);
    expect(lineOf(report, "  garbage collected")).toMatch(/ 0\.50 +1\.75 +\+ 1\.25 +≤ 4 met$/);
  });

  test("shows a dash for what was not measured, and no comparison", () => {
    const nothing = { coldConnectMicros: Number.NaN };
    const report = renderReport(RESULT, [summary(nothing, nothing, nothing)], "a machine");
    expect(lineOf(report, "CPU of a connection, cold server")).toMatch(/ - +-$/);
  });

  test("says which cores were used, or why none", () => {
    const one = [summary({}, {})];
    expect(renderReport(RESULT, one, "")).toContain("server on core 1, clients and NATS on 0");
    const free: BenchResult = { ...RESULT, cpus: { kind: "free", reason: "there is only one core" } };
    expect(renderReport(free, one, "")).toContain("not pinned to cores: there is only one core");
  });
});

describe("warnings", () => {
  test("are not given for a sound run", () => {
    const one = summary(BUSY, { ...BUSY, connectClientShare: 0.5, deliveryClientShare: 0.89 });
    expect(warnings([one])).toEqual([]);
  });

  test("say when the clients were the bottleneck", () => {
    const found = warnings([summary({ connectClientShare: 0.95 }, { ...BUSY, deliveryClientShare: 0.9 })]);
    expect(found).toEqual([
      expect.stringMatching(/^shared, bare: the clients were the bottleneck of the storm/),
      expect.stringMatching(/^shared, gateway: the clients were the bottleneck of the deliveries/),
    ]);
  });

  test("say when neither side was busy", () => {
    const found = warnings([summary(BUSY, { connectServerShare: 0.3, connectClientShare: 0.2 })]);
    expect(found).toEqual([expect.stringMatching(/^shared, gateway: neither side was busy/)]);
  });

  test.each([[{ lost: 1 }], [{ repeated: 1 }]])("say that messages were %j", (unsound) => {
    expect(warnings([summary(BUSY, { ...BUSY, ...unsound })])).toEqual([
      "shared, gateway: messages were lost or repeated.",
    ]);
  });
});
