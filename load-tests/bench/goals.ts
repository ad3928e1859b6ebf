import type { ServerName } from "./contenders.ts";
import type { Metric } from "./measurement.ts";
import type { ScenarioName } from "./scenario.ts";
import type { ScenarioSummary } from "./summary.ts";

/** How a gateway is to compare with another server. */
export interface Goal {
  readonly scenario: ScenarioName;
  readonly title: string;
  readonly metric: Metric;
  readonly reference: ServerName;
  /** Default: `metric`. */
  readonly referenceMetric?: Metric;
  readonly compare: "ratio" | "difference";
  readonly bound: "at most" | "at least";
  readonly value: number;
}

export interface GoalOutcome {
  readonly goal: Goal;
  /** NaN if either was not measured. */
  readonly measured: number;
  readonly verdict: "met" | "missed" | "not measured";
}

export const SUBJECT: ServerName = "tidegate";

export const GOALS: readonly Goal[] = [
  atMost("fan-out", "CPU of a delivery to few / bare", "fewDeliveryMicros", "bare", 1.1),
  atMost("fan-out", "CPU of a delivery to many / bare", "manyDeliveryMicros", "bare", 1.1),
  atLeast("fan-out", "most deliveries / bare", "mostDeliveries", "bare", 0.9),
  atLeast("fan-out", "most deliveries, joined / bare, joined", "mostBatched", "bare", 0.9),
  atLeast("fan-out", "most deliveries / Centrifugo", "mostDeliveries", "centrifugo", 6),
  {
    ...atLeast("fan-out", "most deliveries, joined / Centrifugo", "mostBatched", "centrifugo", 12),
    referenceMetric: "mostDeliveries",
  },
  atMost("fan-out", "p99 / native publish", "p99Ms", "native", 1.2),
  atMost("fan-out", "CPU of a connection / bare", "connectMicros", "bare", 2.6),
  {
    ...atMost("fan-out", "memory of a connection - bare, KiB", "collectedKib", "bare", 4),
    compare: "difference",
  },
  atLeast("own", "most deliveries, a channel each / bare", "mostDeliveries", "bare", 0.8),
];

function atMost(
  scenario: ScenarioName,
  title: string,
  metric: Metric,
  reference: ServerName,
  value: number,
): Goal {
  return { scenario, title, metric, reference, compare: "ratio", bound: "at most", value };
}

function atLeast(
  scenario: ScenarioName,
  title: string,
  metric: Metric,
  reference: ServerName,
  value: number,
): Goal {
  return { ...atMost(scenario, title, metric, reference, value), bound: "at least" };
}

export function judge(summary: ScenarioSummary): readonly GoalOutcome[] {
  return GOALS.filter(({ scenario }) => scenario === summary.scenario).map((goal) => {
    const { metric, reference, referenceMetric = metric, compare, bound, value } = goal;
    const measured = summary[compare](
      { server: SUBJECT, metric },
      { server: reference, metric: referenceMetric },
    );
    if (Number.isNaN(measured)) {
      return { goal, measured, verdict: "not measured" };
    }
    const isMet = bound === "at most" ? measured <= value : measured >= value;
    return { goal, measured, verdict: isMet ? "met" : "missed" };
  });
}
