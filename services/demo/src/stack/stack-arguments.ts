import { parseArgs } from "node:util";

export type StackArguments =
  | { readonly kind: "run"; readonly json: boolean; readonly verbose: boolean }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly message: string };

export const STACK_USAGE = `Usage: npm start -- [options]

Starts a whole Tidegate for development: NATS, two gateway nodes and the demo backend. Ctrl-C stops them in order.

  --json       print one line of JSON on standard output when everything is ready, and nothing else there
               (npm start --silent -- --json keeps npm's own words out of it)
  --verbose    show what the processes log, not only their warnings and errors
  --help, -h   print this and exit

Environment:
  NATS_URL     use this running NATS server instead of starting one
`;

export function parseStackArguments(argv: readonly string[]): StackArguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      allowPositionals: false,
      options: {
        json: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return values.help ? { kind: "help" } : { kind: "run", json: values.json, verbose: values.verbose };
  } catch (error) {
    return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
  }
}
