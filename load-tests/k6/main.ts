import { runCommand } from "../command.ts";
import { LOAD_USAGE, type LoadOptions, type LoadTarget, parseLoadArguments } from "./load-arguments.ts";
import { locateK6 } from "./locate-k6.ts";
import { type K6Outcome, runK6 } from "./run-k6.ts";
import { startStack } from "./start-stack.ts";

await runCommand({ name: "load", usage: LOAD_USAGE, parse: parseLoadArguments, run });

/** True if all passed. */
async function run(options: LoadOptions, signal: AbortSignal): Promise<boolean> {
  const binary = await locateK6({ onProgress: say, signal });
  if (options.target !== undefined) {
    return await runScenarios(binary, options, options.target, signal);
  }
  say("starting a development stack");
  const stack = await startStack();
  try {
    const target = { gateways: stack.gateways, token: undefined, secret: undefined };
    return await runScenarios(binary, options, target, signal);
  } finally {
    say("stopping the stack");
    await stack.stop();
  }
}

async function runScenarios(
  binary: string,
  { scenarios, smoke, variables }: LoadOptions,
  target: LoadTarget,
  signal: AbortSignal,
): Promise<boolean> {
  const outcomes: (readonly [scenario: string, outcome: K6Outcome])[] = [];
  for (const scenario of scenarios) {
    signal.throwIfAborted();
    say(`${scenario} against ${target.gateways.join(", ")}`);
    outcomes.push([scenario, await runK6({ binary, scenario, target, smoke, variables, signal })]);
  }
  for (const [scenario, outcome] of outcomes) {
    say(`${scenario.padEnd(16)} ${outcome}`);
  }
  return outcomes.every(([, outcome]) => outcome === "passed");
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
