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
  if (scenario === "most" && !parts.options.saturation) {
    return [];
  }
  if (scenario === "turns" || scenario === "most") {
    return await runTogether(parts, scenario, names);
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

async function runTogether(
  parts: ContestParts,
  scenario: "turns" | "most",
  names: readonly ServerName[],
): Promise<readonly RoundResult[]> {
  const contests: Contest[] = [];
  const runs = new Map<ServerName, BenchRun>();
  const joining = new Map<ServerName, BenchRun>();
  try {
    for (const name of names) {
      const contest = await Contest.start(parts, scenario, name);
      contests.push(contest);
      if (scenario === "most") {
        runs.set(name, await contest.prepare(parts.options.few, false));
        joining.set(name, await contest.prepare(parts.options.few, true));
      } else {
        runs.set(name, await contest.prepare(parts.tokens.length, false));
      }
    }
    return scenario === "most" ? await measureMost(runs, joining) : await measureTurns(runs);
  } finally {
    await Promise.all(contests.map((contest) => contest.stop()));
  }
}
