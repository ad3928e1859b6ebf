import { runCommand } from "../command.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { commandLine, writeRecord } from "../record/record.ts";
import type { ActResult } from "./act-result.ts";
import { summaryOf } from "./act-summary.ts";
import { parseRehearsalArguments, REHEARSAL_USAGE, type RehearsalOptions } from "./rehearsal-arguments.ts";
import { chartsOf, remarksOn, renderReport, verdictsOf } from "./rehearsal-report.ts";
import { runRehearsal } from "./run-rehearsal.ts";

await runCommand({ name: "rehearse", usage: REHEARSAL_USAGE, parse: parseRehearsalArguments, run });

/** True if no goal was missed. */
async function run(options: RehearsalOptions, signal: AbortSignal): Promise<boolean> {
  const progress = startProgress();
  const machine = describeMachine();
  const results: ActResult[] = [];
  try {
    for await (const result of runRehearsal(options, signal, progress)) {
      results.push(result);
    }
  } finally {
    // Also after a failure: what went before took long.
    if (results.length > 0) {
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ machine, options, verdicts: verdictsOf(results), remarks: remarksOn(results), results })}\n`
          : renderReport(results, machineLine(machine)),
      );
    }
  }
  const verdicts = verdictsOf(results);
  if (options.record !== undefined) {
    const command = commandLine("rehearse", process.argv.slice(2));
    const remarks = remarksOn(results);
    const charts = chartsOf(results);
    const details = { options, results: results.map(summaryOf) };
    progress(
      `wrote ${await writeRecord(options.record, { command, machine, remarks, verdicts, charts, details })}`,
    );
  }
  return !verdicts.some(({ verdict }) => verdict === "missed");
}
