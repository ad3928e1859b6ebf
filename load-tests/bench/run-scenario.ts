import type { BenchRun } from "./bench-run.ts";
import { Contest, type ContestParts } from "./contest.ts";
import { measureMost } from "./measure-most.ts";
import { measureServer } from "./measure-server.ts";
import { measureStall } from "./measure-stall.ts";
import { measureTurns } from "./measure-turns.ts";
import type { Measurement } from "./measurement.ts";
import type { ScenarioName } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";
import type { RoundResult } from "./summary.ts";

/**
 * Takes some servers through a scenario: one after another, or all at once where they take turns. Rounds are numbered from 0;
 * one run can give several.
 *
 * @throws LoadTestError; the reason of the signal.
 */
export async function runScenario(
  parts: ContestParts,
  scenario: ScenarioName,
  names: readonly ServerName[],
): Promise<readonly RoundResult[]> {
  const { options, tokens } = parts;
  if (scenario === "turns") {
    return await together(parts, scenario, names, async (contests) =>
      measureTurns(await prepared(contests, tokens.length, false)),
    );
  }
  if (scenario === "most") {
    return options.saturation
      ? await together(parts, scenario, names, async (contests) =>
          measureMost(
            await prepared(contests, options.few, false),
            await prepared(contests, options.few, true),
          ),
        )
      : [];
  }
  const results: RoundResult[] = [];
  for (const name of names) {
    const onProgress = (what: string): void => parts.onProgress(`${name}: ${what}`);
    const measurements = await runAlone({ ...parts, onProgress }, scenario, name);
    results.push(
      ...measurements.map((measurement, round) => ({ round, scenario, server: name, measurement })),
    );
  }
  return results;
}

async function runAlone(
  parts: ContestParts,
  scenario: ScenarioName,
  name: ServerName,
): Promise<readonly Measurement[]> {
  const { options, tokens } = parts;
  const contest = await Contest.start(parts, scenario, name);
  try {
    if (scenario === "stall") {
      return await measureStall(await contest.prepare(options.few, false));
    }
    const batching = contest.batches ? () => contest.prepare(options.few, true) : undefined;
    return [await measureServer(await contest.prepare(tokens.length, false), contest.saturates, batching)];
  } finally {
    await contest.stop();
  }
}

type Contests = ReadonlyMap<ServerName, Contest>;

/** Lets servers run side by side while `measure` does. */
async function together(
  parts: ContestParts,
  scenario: ScenarioName,
  names: readonly ServerName[],
  measure: (contests: Contests) => Promise<readonly RoundResult[]>,
): Promise<readonly RoundResult[]> {
  const contests = new Map<ServerName, Contest>();
  try {
    for (const name of names) {
      contests.set(name, await Contest.start(parts, scenario, name));
    }
    return await measure(contests);
  } finally {
    await Promise.all([...contests.values()].map((contest) => contest.stop()));
  }
}

async function prepared(
  contests: Contests,
  count: number,
  batch: boolean,
): Promise<ReadonlyMap<ServerName, BenchRun>> {
  const runs = new Map<ServerName, BenchRun>();
  for (const [name, contest] of contests) {
    runs.set(name, await contest.prepare(count, batch));
  }
  return runs;
}
