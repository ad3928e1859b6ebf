import { parseArgs } from "node:util";
import type { OptionReader } from "../option-reader.ts";
import { type ParsedArguments, parseArguments } from "../parsed-arguments.ts";

export interface HookLoadOptions {
  readonly seconds: number;
  readonly connections: number;
  /** Of a body, roughly. */
  readonly bytes: number;
}

export const HOOKS_USAGE = `Usage: npm run load:hooks -- [--seconds N] [--connections N] [--bytes N]

Measures /hooks with one webhook process and one NATS server of its own: signed deliveries as GitHub makes them, each
stored and acknowledged before its answer. Closed loop: every connection sends its next delivery after an answer.
`;

export function parseHookArguments(argv: readonly string[]): ParsedArguments<HookLoadOptions> {
  return parseArguments(() => read(argv), optionsOf);
}

function optionsOf({ values }: ReturnType<typeof read>, reader: OptionReader): HookLoadOptions {
  return {
    seconds: reader.number("seconds", values.seconds, 1, 86_400),
    connections: reader.number("connections", values.connections, 1, 10_000),
    bytes: reader.number("bytes", values.bytes, 1, 100_000_000),
  };
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      seconds: { type: "string", default: "10" },
      connections: { type: "string", default: "16" },
      bytes: { type: "string", default: "1024" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
