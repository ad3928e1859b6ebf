import { type Verdict, verdictOn } from "../record/verdict.ts";
import type { Metric } from "./measurement.ts";
import type { ScenarioName } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";
import type { ScenarioSummary } from "./summary.ts";

/** How a gateway is to compare with another server. */
export interface Goal {
  readonly scenario: ScenarioName;
  readonly title: string;
  /** Which gateway. */
  readonly subject: ServerName;
  readonly metric: Metric;
  readonly reference: ServerName;
  /** Default: `metric`. */
  readonly referenceMetric?: Metric;
  /** `nothing`: the figure itself. */
  readonly compare: "ratio" | "difference" | "nothing";
  readonly bound: "at most" | "at least";
  readonly value: number;
}

/** The gateway that everything is about unless something else is said. */
export const SUBJECT: ServerName = "tidegate";

export const GOALS: readonly Goal[] = [
  atMost("turns", "CPU of a delivery to few / bare", "fewDeliveryMicros", "bare", 1.1),
  atMost("turns", "CPU of a delivery to many / bare", "manyDeliveryMicros", "bare", 1.1),
  atLeast("most", "most deliveries / bare", "mostDeliveries", "bare", 0.9),
  atLeast("most", "most deliveries, joined / bare, joined", "mostBatched", "bare", 0.9),
  atLeast("fan-out", "most deliveries / Centrifugo", "mostDeliveries", "centrifugo", 6),
  {
    ...atLeast("fan-out", "most deliveries, joined / Centrifugo", "mostBatched", "centrifugo", 12),
    referenceMetric: "mostDeliveries",
  },
  atMost("turns", "p99 / native publish", "p99Ms", "native", 1.2),
  {
    ...atMost("turns", "CPU of a connection, by its address / bare", "connectMicros", "bare", 2.6),
    subject: "by-address",
  },
  atMost("turns", "CPU of a connection, by connect / bare", "connectMicros", "bare", 2.6),
  {
    ...atMost("fan-out", "memory of a connection - bare, KiB", "collectedKib", "bare", 4),
    compare: "difference",
  },
  {
    ...atMost("turns", "CPU of a delivery to few, replayable / live", "fewDeliveryMicros", "tidegate", 1.25),
    subject: "replayable",
  },
  {
    ...atMost(
      "turns",
      "CPU of a delivery to many, replayable / live",
      "manyDeliveryMicros",
      "tidegate",
      1.25,
    ),
    subject: "replayable",
  },
  {
    ...atMost("turns", "CPU of a delivery to few, on 3 nodes / on 1", "fewDeliveryMicros", "tidegate", 1.05),
    subject: "three-nodes",
  },
  {
    ...atMost(
      "turns",
      "CPU of a delivery to many, on 3 nodes / on 1",
      "manyDeliveryMicros",
      "tidegate",
      1.05,
    ),
    subject: "three-nodes",
  },
  atLeast("own", "most deliveries, a channel each / bare", "mostDeliveries", "bare", 0.8),
  atLeast("sse", "most deliveries, event streams / bare, corked writes", "mostDeliveries", "bare", 0.9),
  {
    ...atMost("stall", "p99 of healthy readers, 10 % stalled / none", "stalledP99Ms", "tidegate", 1.2),
    referenceMetric: "calmP99Ms",
  },
  {
    ...atMost("stall", "the same, replayable channel", "stalledP99Ms", "replayable", 1.2),
    subject: "replayable",
    referenceMetric: "calmP99Ms",
  },
  {
    ...atMost(
      "stall",
      "messages lost by stalled readers, replayable channel",
      "stalledLost",
      "replayable",
      0,
    ),
    subject: "replayable",
    compare: "nothing",
  },
];

/** Which metrics of which servers the goals of a scenario are about. */
export function metricsCompared(scenario: ScenarioName): ReadonlyMap<ServerName, ReadonlySet<Metric>> {
  const compared = new Map<ServerName, Set<Metric>>();
  const add = (server: ServerName, metric: Metric): void => {
    const metrics = compared.get(server) ?? new Set();
    compared.set(server, metrics.add(metric));
  };
  for (const { subject, metric, reference, referenceMetric = metric } of GOALS.filter(
    (goal) => goal.scenario === scenario,
  )) {
    add(subject, metric);
    add(reference, referenceMetric);
  }
  return compared;
}

function atMost(
  scenario: ScenarioName,
  title: string,
  metric: Metric,
  reference: ServerName,
  value: number,
): Goal {
  return {
    ...{ scenario, title, subject: SUBJECT, metric, reference, value },
    compare: "ratio",
    bound: "at most",
  };
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

/** All goals of a scenario; those of which something was not measured say so. */
export function judge(summary: ScenarioSummary): readonly Verdict[] {
  return GOALS.filter(({ scenario }) => scenario === summary.scenario).map((goal) => {
    const { subject, metric, reference, referenceMetric = metric, compare, bound, value } = goal;
    const figure = { server: subject, metric };
    const measured =
      compare === "nothing"
        ? summary.figure(figure)
        : summary[compare](figure, { server: reference, metric: referenceMetric });
    return verdictOn(goal.title, measured, { bound, value });
  });
}
