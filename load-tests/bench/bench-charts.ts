import type { Chart } from "../record/record.ts";
import type { Metric } from "./measurement.ts";
import { SCENARIOS, type ScenarioName } from "./scenario.ts";
import type { ScenarioSummary } from "./summary.ts";

interface ChartPlan {
  readonly scenario: ScenarioName;
  readonly metric: Metric;
  readonly title: string;
  readonly unit: string;
}

const PLANS: readonly ChartPlan[] = [
  plan("fan-out", "mostDeliveries", "Most deliveries a second on one core", "deliveries/s"),
  plan("fan-out", "mostBatched", "Most deliveries a second, joined in frames", "deliveries/s"),
  plan("fan-out", "fewDeliveryMicros", "CPU of a delivery at a low rate", "µs"),
  plan("fan-out", "p99Ms", "Publish to receipt at a busy rate, p99", "ms"),
  plan("fan-out", "connectMicros", "CPU of a connection", "µs"),
  plan("fan-out", "collectedKib", "Memory of a connection, garbage collected", "KiB"),
  plan("own", "mostDeliveries", "Most deliveries a second", "deliveries/s"),
  plan("sse", "mostDeliveries", "Most deliveries a second", "deliveries/s"),
];

function plan(scenario: ScenarioName, metric: Metric, title: string, unit: string): ChartPlan {
  return { scenario, metric, title, unit };
}

/** A bar for each server that was measured; no chart of fewer than two. */
export function chartsOf(summaries: readonly ScenarioSummary[]): readonly Chart[] {
  return PLANS.flatMap(({ scenario, metric, title, unit }) => {
    const summary = summaries.find((one) => one.scenario === scenario);
    const figures = (summary?.servers ?? []).map(
      (server) => [server, summary?.figure({ server, metric }) ?? Number.NaN] as const,
    );
    const bars = figures.filter(([, value]) => !Number.isNaN(value));
    return bars.length < 2
      ? []
      : [{ kind: "bars" as const, title: `${title}: ${SCENARIOS[scenario].title}`, unit, bars }];
  });
}
