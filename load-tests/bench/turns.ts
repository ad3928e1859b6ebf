import type { BenchRun } from "./bench-run.ts";
import { metricsCompared } from "./goals.ts";
import { completeMeasurement, type Measurement, type Metric } from "./measurement.ts";
import type { ScenarioName } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";
import type { RoundResult } from "./summary.ts";

/** What all servers do in turn, again and again. */
export interface Phase {
  readonly title: string;
  /** Only servers of which a goal compares this take part. */
  readonly metric: Metric;
  /** How many times as many turns as others it takes; default 1. */
  readonly times?: number;
  readonly turn: (run: BenchRun) => Promise<Partial<Measurement>>;
}

/** Servers that all run at once and do the same one after another, again and again, in one order and then in the other. */
export class Turns {
  readonly #scenario: ScenarioName;
  /** By server, then by turn. */
  readonly #found = new Map<ServerName, Partial<Measurement>[]>();

  constructor(scenario: ScenarioName) {
    this.#scenario = scenario;
  }

  async take(
    runs: ReadonlyMap<ServerName, BenchRun>,
    { title, metric, times = 1, turn }: Phase,
  ): Promise<void> {
    const compared = metricsCompared(this.#scenario);
    const taking = [...runs].filter(([name]) => compared.get(name)?.has(metric) ?? false);
    const count = (taking[0]?.[1].options.turns ?? 0) * times;
    for (let index = -1; index < count; index += 1) {
      for (const [name, run] of index % 2 === 0 ? taking : taking.toReversed()) {
        const found = await turn(run);
        if (index >= 0) {
          this.#add(name, index, found);
          run.onProgress(`${title}, turn ${index + 1} of ${count}, ${name}: ${found[metric]?.toFixed(2)}`);
        }
      }
    }
  }

  results(): readonly RoundResult[] {
    return [...this.#found].flatMap(([server, turns]) =>
      turns.map((found, round) => ({
        ...{ round, scenario: this.#scenario, server },
        measurement: completeMeasurement(found),
      })),
    );
  }

  #add(name: ServerName, index: number, found: Partial<Measurement>): void {
    const turns = this.#found.get(name) ?? [];
    const { lost = 0, repeated = 0 } = turns[index] ?? {};
    turns[index] = {
      ...turns[index],
      ...found,
      lost: lost + (found.lost ?? 0),
      repeated: repeated + (found.repeated ?? 0),
    };
    this.#found.set(name, turns);
  }
}
