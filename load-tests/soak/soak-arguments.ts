import { parseArgs } from "node:util";
import type { OptionReader } from "../option-reader.ts";
import { type ParsedArguments, parseArguments } from "../parsed-arguments.ts";

export interface SoakOptions {
  readonly connections: number;
  /** Of the gateway, behind one port. */
  readonly processes: number;
  readonly clientProcesses: number;
  /** With history; connections spread evenly over them. */
  readonly channels: number;
  /** Seconds between two messages of a channel. */
  readonly everySeconds: number;
  /** Connections a second while they are opened. */
  readonly ramp: number;
  readonly warmUpSeconds: number;
  /** Seconds between two messages of a channel in the warm-up, which fills heaps as a longer one at the pace of the soak would. */
  readonly warmUpEverySeconds: number;
  readonly minutes: number;
  /** Whether half of the processes are killed in the end. */
  readonly kill: boolean;
  readonly json: boolean;
  /** Name of the file in `load-tests/results`; `undefined`: none. */
  readonly record: string | undefined;
}

export const SOAK_USAGE = `Usage: npm run soak -- [options]

Holds very many connections on one host for a while, each authenticated and with a subscription, and accounts for every message
of every connection; then kills half of the gateway's processes and waits until all are back. Progress goes to standard
error, the result to standard output. Ends with 1 if a connection ended, or a message was lost or came twice.

  --connections N   in all (default 100000)
  --processes N     of the gateway, on one port; without half of them, each must have open files for its
                    share of the connections (default 12)
  --clients N       processes with clients (default 6)
  --channels N      replayable channels that they share evenly (default 1000)
  --every N         seconds between two messages of a channel (default 10)
  --ramp N          connections a second while they are opened (default 2000)
  --warm-up N       seconds before what is measured (default 120)
  --warm-up-every N seconds between two messages of a channel meanwhile: often, so that heaps are full when what is
                    measured begins (default 2)
  --minutes N       how long it is measured (default 10)
  --no-kill         leave the processes alone
  --record NAME     write the result to load-tests/results/NAME.json
  --json            print one line of JSON instead of the table
  --help, -h        print this and exit
`;

export function parseSoakArguments(argv: readonly string[]): ParsedArguments<SoakOptions> {
  return parseArguments(() => read(argv), optionsOf);
}

function optionsOf({ values }: ReturnType<typeof read>, reader: OptionReader): SoakOptions {
  const number = (name: NumberName, min: number, max: number): number =>
    reader.number(name, values[name], min, max);
  const record = reader.recordName(values.record);
  const connections = number("connections", 1, 1_000_000);
  return {
    connections,
    processes: number("processes", 2, 256),
    clientProcesses: Math.min(number("clients", 1, 64), connections),
    channels: Math.min(number("channels", 1, 100_000), connections),
    everySeconds: number("every", 1, 3600),
    ramp: number("ramp", 1, 1_000_000),
    warmUpSeconds: number("warm-up", 1, 3600),
    warmUpEverySeconds: number("warm-up-every", 1, 3600),
    minutes: number("minutes", 1, 10_000),
    kill: !values["no-kill"],
    json: values.json,
    record,
  };
}

type NumberName =
  | "connections"
  | "processes"
  | "clients"
  | "channels"
  | "every"
  | "ramp"
  | "warm-up"
  | "warm-up-every"
  | "minutes";

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      connections: { type: "string", default: "100000" },
      processes: { type: "string", default: "12" },
      clients: { type: "string", default: "6" },
      channels: { type: "string", default: "1000" },
      every: { type: "string", default: "10" },
      ramp: { type: "string", default: "2000" },
      "warm-up": { type: "string", default: "120" },
      "warm-up-every": { type: "string", default: "2" },
      minutes: { type: "string", default: "10" },
      "no-kill": { type: "boolean", default: false },
      record: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
