import { failureText, interruption } from "./interruption.ts";
import type { ParsedArguments } from "./parsed-arguments.ts";

/** What a script of package.json does. */
export interface Command<Options> {
  /** Behind `npm run`. */
  readonly name: string;
  /** Ends with a line end. */
  readonly usage: string;
  readonly parse: (argv: readonly string[]) => ParsedArguments<Options>;
  /**
   * True if all was as it should be. What it throws is shown by its message.
   *
   * @param signal aborted when somebody ends the command, which then has to end what it started.
   */
  readonly run: (options: Options, signal: AbortSignal) => Promise<boolean>;
}

/** Does what the arguments of this process ask for, and sets its exit code: 1 if `run` was false or threw, 2 for a refusal. */
export async function runCommand<Options>({ name, usage, parse, run }: Command<Options>): Promise<void> {
  const parsed = parse(process.argv.slice(2));
  switch (parsed.kind) {
    case "help":
      process.stdout.write(usage);
      return;
    case "refused":
      process.stderr.write(`npm run ${name}: ${parsed.message}; see npm run ${name} -- --help\n`);
      process.exitCode = 2;
      return;
    case "run": {
      const signal = interruption();
      try {
        process.exitCode = (await run(parsed.options, signal)) ? 0 : 1;
      } catch (thrown) {
        process.stderr.write(`npm run ${name}: ${failureText(thrown, signal)}\n`);
        process.exitCode = 1;
      }
    }
  }
}
