import { loadavg } from "node:os";
import { runCommand } from "../command.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { commandLine, writeRecord } from "../record/record.ts";
import { BENCH_USAGE, type BenchOptions, parseBenchArguments } from "./bench-arguments.ts";
import { chartsOf } from "./bench-charts.ts";
import { judge, SUBJECT } from "./goals.ts";
import { renderReport, warnings } from "./report.ts";
import { runBench } from "./run-bench.ts";
import { ScenarioSummary } from "./summary.ts";

/** Programs that run already, on average, above which figures are partly theirs. */
const QUIET_LOAD = 0.5;

await runCommand({ name: "bench", usage: BENCH_USAGE, parse: parseBenchArguments, run });

/** True if the gateway lost nothing, and repeated nothing. */
async function run(options: BenchOptions, signal: AbortSignal): Promise<boolean> {
  const progress = startProgress();
  const machine = describeMachine();
  const [load = 0] = loadavg();
  const result = await runBench(options, signal, progress);
  const summaries = options.scenarios.map((name) => new ScenarioSummary(name, result.rounds));
  const remarks = [...result.notes, ...(load > QUIET_LOAD ? [busyRemark(load)] : []), ...warnings(summaries)];
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
    const command = commandLine("bench", process.argv.slice(2));
    const charts = chartsOf(summaries);
    const record = { command, machine, remarks, verdicts, charts, details };
    progress(`wrote ${await writeRecord(options.record, record)}`);
  }
  return !result.rounds.some(
    ({ server, measurement: { lost, repeated } }) => server === SUBJECT && lost + repeated > 0,
  );
}

function busyRemark(load: number): string {
  return `The machine was busy when this began (load average ${load.toFixed(1)}): latencies and rates are partly what others left.`;
}
