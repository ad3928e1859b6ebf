import { describeMachine, machineLine } from "../machine.ts";
import { BENCH_USAGE, parseBenchArguments } from "./bench-arguments.ts";
import { judge, SUBJECT } from "./goals.ts";
import { renderReport, warnings } from "./report.ts";
import { runBench } from "./run-bench.ts";
import { ScenarioSummary } from "./summary.ts";

const parsed = parseBenchArguments(process.argv.slice(2));
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
    const interrupt = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => interrupt.abort(new Error(`ended by ${signal}`)));
    }
    const startedAt = performance.now();
    const progress = (what: string): void => {
      process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
    };
    try {
      const machine = describeMachine();
      const result = await runBench(options, interrupt.signal, progress);
      const summaries = options.scenarios.map((name) => new ScenarioSummary(name, result.rounds));
      if (options.json) {
        const { cpus: pinning, clients, natsVersion, notes, rounds } = result;
        const line = {
          ...{ machine, natsVersion, pinning, clients: clients.title, options, notes },
          summaries: summaries.map((summary) => ({
            scenario: summary.scenario,
            servers: Object.fromEntries(summary.servers.map((server) => [server, summary.figures(server)])),
            goals: judge(summary),
          })),
          warnings: warnings(summaries),
          rounds,
        };
        process.stdout.write(`${JSON.stringify(line)}\n`);
      } else {
        process.stdout.write(renderReport(result, summaries, machineLine(machine)));
      }
      const unsound = result.rounds.some(
        ({ server, measurement: { lost, repeated } }) => server === SUBJECT && lost + repeated > 0,
      );
      process.exitCode = unsound ? 1 : 0;
    } catch (thrown) {
      // What was under way says only that it was aborted.
      const error: unknown = interrupt.signal.aborted ? interrupt.signal.reason : thrown;
      process.stderr.write(`npm run bench: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    }
  }
}
