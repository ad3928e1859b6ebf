import { runCommand } from "../command.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { CHAOS_USAGE, type ChaosOptions, parseChaosArguments } from "./chaos-arguments.ts";
import { breaches, renderReport } from "./report.ts";
import { runChaos, type ScenarioResult } from "./run-chaos.ts";
import { isAllSound, summarize } from "./summary.ts";

await runCommand({ name: "chaos", usage: CHAOS_USAGE, parse: parseChaosArguments, run });

/** True if every message is accounted for. */
async function run(options: ChaosOptions, signal: AbortSignal): Promise<boolean> {
  const results: ScenarioResult[] = [];
  try {
    for await (const result of runChaos(options, signal, startProgress())) {
      results.push(result);
    }
  } finally {
    // Also after a failure: what went before took long.
    report(options, results);
  }
  return isAllSound(summarize(results));
}

function report(options: ChaosOptions, results: readonly ScenarioResult[]): void {
  const machine = describeMachine();
  const summaries = summarize(results);
  const found = breaches(results);
  if (results.length > 0) {
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ machine, options, summaries, breaches: found, results })}\n`
        : renderReport(summaries, machineLine(machine)),
    );
  }
  for (const breach of found) {
    process.stderr.write(`${breach}\n`);
  }
}
