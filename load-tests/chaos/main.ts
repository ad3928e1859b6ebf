import { describeMachine, machineLine } from "../machine.ts";
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
    const interrupt = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => interrupt.abort(new Error(`ended by ${signal}`)));
    }
    const startedAt = performance.now();
    const progress = (what: string): void => {
      process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
    };
    const results: ScenarioResult[] = [];
    let failure: string | undefined;
    try {
      for await (const result of runChaos(options, interrupt.signal, progress)) {
        results.push(result);
      }
    } catch (thrown) {
      // What was under way says only that it was aborted.
      const error: unknown = interrupt.signal.aborted ? interrupt.signal.reason : thrown;
      failure = error instanceof Error ? error.message : String(error);
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
