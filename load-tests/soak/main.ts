import { failureText, interruption } from "../interruption.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { commandLine, writeRecord } from "../record/record.ts";
import { runSoak } from "./run-soak.ts";
import { parseSoakArguments, SOAK_USAGE } from "./soak-arguments.ts";
import { chartsOf, remarksOn, renderReport, verdictsOf } from "./soak-report.ts";

const argv = process.argv.slice(2);
const parsed = parseSoakArguments(argv);
switch (parsed.kind) {
  case "help":
    process.stdout.write(SOAK_USAGE);
    break;
  case "refused":
    process.stderr.write(`npm run soak: ${parsed.message}; see npm run soak -- --help\n`);
    process.exitCode = 2;
    break;
  case "run": {
    const { options } = parsed;
    const signal = interruption();
    const progress = startProgress();
    try {
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
        const command = commandLine("soak", argv);
        const charts = chartsOf(result);
        const details = { options, result };
        progress(
          `wrote ${await writeRecord(options.record, { command, machine, remarks, verdicts, charts, details })}`,
        );
      }
      process.exitCode = verdicts.some(({ verdict }) => verdict === "missed") ? 1 : 0;
    } catch (thrown) {
      process.stderr.write(`npm run soak: ${failureText(thrown, signal)}\n`);
      process.exitCode = 1;
    }
  }
}
