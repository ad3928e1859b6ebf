import { describe, expect, test } from "vitest";
import { parseBenchArguments } from "./bench-arguments.ts";
import { completeMeasurement, type Measurement } from "./measurement.ts";
import { renderReport, warnings } from "./report.ts";
import type { BenchResult } from "./run-bench.ts";
import type { ScenarioName } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";
import { ScenarioSummary } from "./summary.ts";

type Some = Partial<Measurement>;

function summary(
  servers: Readonly<Partial<Record<ServerName, Some>>>,
  scenario: ScenarioName = "fan-out",
): ScenarioSummary {
  const results = Object.entries(servers).map(([server, some]) => ({
    ...({ round: 1, scenario, server: server as ServerName } as const),
    measurement: completeMeasurement({ lost: 0, repeated: 0, ...some }),
  }));
  return new ScenarioSummary(scenario, results);
}

const DEFAULTS = parseBenchArguments([]);
const RESULT: BenchResult = {
  options: DEFAULTS.kind === "run" ? DEFAULTS.options : (undefined as never),
  cpus: { kind: "pinned", server: "1", clients: "0" },
  clients: { kind: "node", title: "clients on Node.js" },
  natsVersion: "2.15.2",
  rounds: [],
  notes: ["There is no compiler."],
};

function lineOf(report: string, title: string): string {
  return report.split("\n").find((line) => line.startsWith(title)) ?? "";
}

describe("renderReport", () => {
  const report = renderReport(
    RESULT,
    [
      summary({
        bare: { connectMicros: 50.4, collectedKib: 0.5 },
        ws: { connectMicros: 75.6, fewDeliveryMicros: 20 },
        tidegate: { connectMicros: 120.96, collectedKib: 1.75 },
      }),
      summary({ bare: { mostDeliveries: 6e6 }, tidegate: { mostDeliveries: 6e6 } }, "most"),
      summary({ bare: { fewDeliveryMicros: 10 }, tidegate: { fewDeliveryMicros: 12 } }, "turns"),
    ],
    ["There is no compiler."],
    "a machine",
  );

  test("shows each server, and how it compares with the baseline", () => {
    expect(lineOf(report, "CPU of a connection, µs")).toMatch(/ 50 +76 \(×1\.50\) +121 \(×2\.40\)$/);
    expect(lineOf(report, "  garbage collected")).toMatch(/ 0\.50 +- +1\.75 \(\+1\.25\)$/);
  });

  test("says which goals are met, of those that were measured", () => {
    expect(lineOf(report, "CPU of a delivery to few / bare")).toMatch(/ 1\.20 +at most 1\.1 +missed$/);
    expect(lineOf(report, "most deliveries / bare")).toMatch(/ 1 +at least 0\.9 +met$/);
    expect(report).not.toContain("Centrifugo");
  });

  test("leaves out what was not measured at all", () => {
    expect(report).not.toContain("the same, messages joined in frames");
  });

  test("says which cores and clients were used, or why none, and what was left out", () => {
    expect(report).toContain("server on core 1, clients and NATS on 0");
    expect(report).toContain("clients on Node.js");
    expect(report).toContain("There is no compiler.");
    const free: BenchResult = { ...RESULT, cpus: { kind: "free", reason: "there is only one core" } };
    expect(renderReport(free, [], [], "")).toContain("not pinned to cores: there is only one core");
  });
});

describe("warnings", () => {
  test("are not given for a sound run", () => {
    const sound: Some = {
      ...{ connectClientShare: 0.5, latencyClientShare: 0.5, latencyServerShare: 0.9, p99Ms: 10 },
      ...{ mostDeliveries: 6e6, mostServerShare: 0.99, mostClientShare: 0.95 },
    };
    expect(warnings([summary({ bare: sound, tidegate: sound })])).toEqual([]);
  });

  test("are given where nobody stalled for long enough", () => {
    expect(warnings([summary({ tidegate: { stalledLost: 0 } })])).toEqual([
      expect.stringContaining("no limit was reached"),
    ]);
    expect(warnings([summary({ tidegate: { stalledLost: 9 }, replayable: { stalledLost: 0 } })])).toEqual([]);
  });

  test.each<[Some, RegExp]>([
    [{ connectClientShare: 0.95 }, /the clients were the bottleneck of the storm/],
    [{ mostDeliveries: 1, mostServerShare: 0.7, mostClientShare: 0.97 }, /bottleneck of the most deliveries/],
    [{ mostBatched: 1, mostBatchedServerShare: 0.7, mostBatchedClientShare: 0.97 }, /most joined deliveries/],
    [{ latencyClientShare: 0.9, p99Ms: 1 }, /latencies are partly theirs/],
    [{ latencyServerShare: 1 }, /did not keep up/],
    [{ lost: 1 }, /lost, late or repeated/],
    [{ repeated: 1 }, /lost, late or repeated/],
  ])("are given for %j", (some, said) => {
    const found = warnings([summary({ bare: some })]);
    expect(found).toEqual([expect.stringMatching(/^fan-out, bare: /)]);
    expect(found[0]).toMatch(said);
  });
});
