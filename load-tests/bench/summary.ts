import { METRICS, type Measurement, type Metric, MISTAKES } from "./measurement.ts";
import type { ScenarioName } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";

/** One server in one round. */
export interface RoundResult {
  readonly round: number;
  readonly scenario: ScenarioName;
  readonly server: ServerName;
  readonly measurement: Measurement;
}

/** A figure of a server. */
export interface Figure {
  readonly server: ServerName;
  readonly metric: Metric;
}

/** Over all rounds of a scenario; NaN where nothing was measured. */
export class ScenarioSummary {
  readonly scenario: ScenarioName;
  /** Those that were measured, in the order in which they were. */
  readonly servers: readonly ServerName[];
  readonly #results: readonly RoundResult[];

  constructor(scenario: ScenarioName, results: readonly RoundResult[]) {
    this.scenario = scenario;
    this.#results = results.filter((result) => result.scenario === scenario);
    this.servers = [...new Set(this.#results.map(({ server }) => server))];
  }

  /** How often everything was measured. */
  get rounds(): number {
    return new Set(this.#results.map(({ round }) => round)).size;
  }

  /** The median; of what went wrong the sum, which a median would hide. */
  figure({ server, metric }: Figure): number {
    const values = this.#results
      .filter((result) => result.server === server)
      .map(({ measurement }) => measurement[metric]);
    return MISTAKES.has(metric) ? values.reduce((sum, one) => sum + one, 0) : median(values);
  }

  figures(server: ServerName): Measurement {
    const entries = METRICS.map((metric) => [metric, this.figure({ server, metric })] as const);
    return Object.fromEntries(entries) as Record<Metric, number>;
  }

  /** One over the other, round by round; then the median, because the runs of a round share what the machine did to them. */
  ratio(one: Figure, other: Figure): number {
    return this.#compare(one, other, (value, reference) => value / reference);
  }

  /** One minus the other, in the same way. */
  difference(one: Figure, other: Figure): number {
    return this.#compare(one, other, (value, reference) => value - reference);
  }

  #compare(one: Figure, other: Figure, combine: (value: number, reference: number) => number): number {
    const rounds = [...new Set(this.#results.map(({ round }) => round))];
    return median(rounds.map((round) => combine(this.#at(round, one), this.#at(round, other))));
  }

  #at(round: number, { server, metric }: Figure): number {
    const result = this.#results.find((some) => some.round === round && some.server === server);
    return result?.measurement[metric] ?? Number.NaN;
  }
}

/** The middle value, or the mean of the two, of those that are numbers; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (upper + lower) / 2;
}
