import { loadavg } from "node:os";
import { failureText, interruption } from "../interruption.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { commandLine, writeRecord } from "../record/record.ts";
import { BENCH_USAGE, parseBenchArguments } from "./bench-arguments.ts";
import { chartsOf } from "./bench-charts.ts";
import { judge, SUBJECT } from "./goals.ts";
import { renderReport, warnings } from "./report.ts";
import { runBench } from "./run-bench.ts";
import { ScenarioSummary } from "./summary.ts";

/** Programs that run already, on average, above which figures are partly theirs. */
const QUIET_LOAD = 0.5;

const argv = process.argv.slice(2);
const parsed = parseBenchArguments(argv);
switch (parsed.kind) {
  case "help":
    process.stdout.write(BENCH_USAGE);
    break;
  case "refused":
    process.stderr.write(`npm run bench: ${parsed.message}; see npm run bench -- --help\n`);
    process.exitCode = 2;
    break;
  case "run": {
    const { options } = parsed;
    const signal = interruption();
    const progress = startProgress();
    try {
      const machine = describeMachine();
      const [load = 0] = loadavg();
      const result = await runBench(options, signal, progress);
      const summaries = options.scenarios.map((name) => new ScenarioSummary(name, result.rounds));
      const remarks = [
        ...result.notes,
        ...(load > QUIET_LOAD ? [busyRemark(load)] : []),
        ...warnings(summaries),
      ];
      const { cpus: pinning, clients, natsVersion, rounds } = result;
      const details = {
        ...{ natsVersion, pinning, clients: clients.title, options },
        summaries: summaries.map((summary) => ({
          scenario: summary.scenario,
          servers: Object.fromEntries(summary.servers.map((server) => [server, summary.figures(server)])),
        })),
        rounds,
      };
      const verdicts = summaries.flatMap(judge);
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ machine, remarks, verdicts, ...details })}\n`
          : renderReport(result, summaries, remarks, machineLine(machine)),
      );
      if (options.record !== undefined) {
        const command = commandLine("bench", argv);
        const charts = chartsOf(summaries);
        const record = { command, machine, remarks, verdicts, charts, details };
        progress(`wrote ${await writeRecord(options.record, record)}`);
      }
      const unsound = result.rounds.some(
        ({ server, measurement: { lost, repeated } }) => server === SUBJECT && lost + repeated > 0,
      );
      process.exitCode = unsound ? 1 : 0;
    } catch (thrown) {
      process.stderr.write(`npm run bench: ${failureText(thrown, signal)}\n`);
      process.exitCode = 1;
    }
  }
}

function busyRemark(load: number): string {
  return `The machine was busy when this began (load average ${load.toFixed(1)}): latencies and rates are partly what others left.`;
}
