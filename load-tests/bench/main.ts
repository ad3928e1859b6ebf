import { cpus, release, totalmem } from "node:os";
import { BENCH_USAGE, parseBenchArguments } from "./bench-arguments.ts";
import { renderReport, warnings } from "./report.ts";
import { runBench } from "./run-bench.ts";
import { summarize } from "./summary.ts";

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
      const machine = {
        date: new Date().toISOString(),
        cpu: cpus()[0]?.model ?? "unknown",
        cores: cpus().length,
        memoryGib: Math.round(totalmem() / 2 ** 30),
        kernel: release(),
        node: process.version,
      };
      const result = await runBench(options, interrupt.signal, progress);
      const summaries = options.scenarios.map((name) => summarize(name, result.rounds));
      if (options.json) {
        const { cpus: pinning, natsVersion, rounds } = result;
        const line = {
          machine,
          natsVersion,
          pinning,
          options,
          summaries,
          warnings: warnings(summaries),
          rounds,
        };
        process.stdout.write(`${JSON.stringify(line)}\n`);
      } else {
        const { date, cpu, cores, memoryGib, kernel, node } = machine;
        const about = `${date}, ${cores} × ${cpu}, ${memoryGib} GiB, Linux ${kernel}, Node ${node}`;
        process.stdout.write(renderReport(result, summaries, about));
      }
      const unsound = result.rounds.some(({ measurement }) => measurement.lost + measurement.repeated > 0);
      process.exitCode = unsound ? 1 : 0;
    } catch (thrown) {
      // What was under way says only that it was aborted.
      const error: unknown = interrupt.signal.aborted ? interrupt.signal.reason : thrown;
      process.stderr.write(`npm run bench: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    }
  }
}
