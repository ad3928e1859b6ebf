import { runCommand } from "../command.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { commandLine, writeRecord } from "../record/record.ts";
import { runSoak } from "./run-soak.ts";
import { parseSoakArguments, SOAK_USAGE, type SoakOptions } from "./soak-arguments.ts";
import { chartsOf, remarksOn, renderReport, verdictsOf } from "./soak-report.ts";

await runCommand({ name: "soak", usage: SOAK_USAGE, parse: parseSoakArguments, run });

/** True if no goal was missed. */
async function run(options: SoakOptions, signal: AbortSignal): Promise<boolean> {
  const progress = startProgress();
  const machine = describeMachine();
  const result = await runSoak(options, signal, progress);
  const verdicts = verdictsOf(options, result);
  const remarks = remarksOn(result);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ machine, options, verdicts, remarks, result })}\n`
      : renderReport(options, result, machineLine(machine)),
  );
  if (options.record !== undefined) {
    const command = commandLine("soak", process.argv.slice(2));
    const charts = chartsOf(result);
    const details = { options, result };
    progress(
      `wrote ${await writeRecord(options.record, { command, machine, remarks, verdicts, charts, details })}`,
    );
  }
  return !verdicts.some(({ verdict }) => verdict === "missed");
}
