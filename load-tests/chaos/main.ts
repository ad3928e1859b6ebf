import { failureText, interruption } from "../interruption.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { CHAOS_USAGE, parseChaosArguments } from "./chaos-arguments.ts";
import { breaches, renderReport } from "./report.ts";
import { runChaos, type ScenarioResult } from "./run-chaos.ts";
import { isAllSound, summarize } from "./summary.ts";

const parsed = parseChaosArguments(process.argv.slice(2));
switch (parsed.kind) {
  case "help":
    process.stdout.write(CHAOS_USAGE);
    break;
  case "refused":
    process.stderr.write(`npm run chaos: ${parsed.message}; see npm run chaos -- --help\n`);
    process.exitCode = 2;
    break;
  case "run": {
    const { options } = parsed;
    const signal = interruption();
    const progress = startProgress();
    const results: ScenarioResult[] = [];
    let failure: string | undefined;
    try {
      for await (const result of runChaos(options, signal, progress)) {
        results.push(result);
      }
    } catch (thrown) {
      failure = failureText(thrown, signal);
    }
    // Also after a failure: what went before took long.
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
    if (failure !== undefined) {
      process.stderr.write(`npm run chaos: ${failure}\n`);
    }
    process.exitCode = failure === undefined && isAllSound(summaries) ? 0 : 1;
  }
}
