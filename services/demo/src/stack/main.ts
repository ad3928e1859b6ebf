import { runStack } from "./run-stack.ts";
import { Screen } from "./screen.ts";
import { parseStackArguments, STACK_USAGE } from "./stack-arguments.ts";

const parsed = parseStackArguments(process.argv.slice(2));
switch (parsed.kind) {
  case "help":
    process.stdout.write(STACK_USAGE);
    break;
  case "refused":
    process.stderr.write(`npm start: ${parsed.message}; see npm start -- --help\n`);
    process.exitCode = 2;
    break;
  case "run": {
    // Whoever read our words may be gone; that is no reason to leave the processes to themselves.
    process.stdout.on("error", () => {});
    process.stderr.on("error", () => {});
    const streams = {
      out: (text: string) => process.stdout.write(text),
      err: (text: string) => process.stderr.write(text),
    };
    process.exitCode = await runStack(parsed, new Screen(parsed, streams));
  }
}
