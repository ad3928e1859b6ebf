import { METRICS, type Measurement, type Metric } from "./measurement.ts";
import type { RoundResult } from "./run-bench.ts";
import type { ScenarioName } from "./scenario.ts";

/** The figures of one scenario over all rounds. NaN where nothing was measured. */
export interface ScenarioSummary {
  readonly scenario: ScenarioName;
  readonly bare: Measurement;
  readonly gateway: Measurement;
  /** Gateway over bare, round by round; then the median, because a round's two runs share what the machine did to them. */
  readonly ratio: Measurement;
  /** Gateway minus bare, in the same way. */
  readonly difference: Measurement;
}

/** Medians over the rounds of a scenario. */
export function summarize(scenario: ScenarioName, results: readonly RoundResult[]): ScenarioSummary {
  const of = (server: RoundResult["server"]): readonly Measurement[] =>
    results
      .filter((result) => result.scenario === scenario && result.server === server)
      .map(({ measurement }) => measurement);
  const bare = of("bare");
  const gateway = of("gateway");
  const pairs = (combine: (gateway: number, bare: number) => number): Measurement =>
    byMetric((metric) =>
      median(gateway.map((one, round) => combine(one[metric], bare[round]?.[metric] ?? Number.NaN))),
    );
  return {
    scenario,
    bare: byMetric((metric) => overall(metric, bare)),
    gateway: byMetric((metric) => overall(metric, gateway)),
    ratio: pairs((one, other) => one / other),
    difference: pairs((one, other) => one - other),
  };
}

/** Medians, but all that went wrong in any round. */
function overall(metric: Metric, measurements: readonly Measurement[]): number {
  const values = measurements.map((one) => one[metric]);
  return metric === "lost" || metric === "repeated"
    ? values.reduce((sum, one) => sum + one, 0)
    : median(values);
}

/** The middle value, or the mean of the two; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (upper + lower) / 2;
}

function byMetric(value: (metric: Metric) => number): Measurement {
  return Object.fromEntries(METRICS.map((metric) => [metric, value(metric)])) as Record<Metric, number>;
}
