import { parseArgs } from "node:util";
import { TRANSPORTS, type TransportName } from "../chaos/accounting/tally.ts";
import type { OptionReader } from "../option-reader.ts";
import { type ParsedArguments, parseArguments } from "../parsed-arguments.ts";
import { ACT_NAMES, type ActName } from "./act-name.ts";

export interface RehearsalOptions {
  readonly acts: readonly ActName[];
  readonly transports: readonly TransportName[];
  readonly clients: number;
  readonly channels: number;
  /** Messages a second, to all channels together. */
  readonly rate: number;
  readonly nodes: number;
  /** 1 in tests alone: without replicas a server that is lost is missed. */
  readonly natsServers: 1 | 3;
  readonly clientProcesses: number;
  /** Of undisturbed load before each act, and behind it. */
  readonly calmSeconds: number;
  /** How long something is away, silent, full or wrong. */
  readonly outageSeconds: number;
  /** Within which a node that leaves says goodbye to its clients. */
  readonly windowSeconds: number;
  readonly json: boolean;
  /** Name of the file in `load-tests/results`; `undefined`: none. */
  readonly record: string | undefined;
}

export const REHEARSAL_USAGE = `Usage: npm run rehearse -- [options]

Runs a small cluster on this machine, three gateway nodes behind HAProxy on three NATS servers, and does to it under load what
operators and accidents do to clusters. Accounts for every message of every subscriber, and says how many came back when, and
how long messages took before, meanwhile and behind it. Progress goes to standard error, the result to standard output. Ends
with 1 if a goal was missed.

  rolling-restart    one node after the other leaves in order and starts again
  scale              from three nodes to two and to four
  node-loss          kill -9 of a node, which starts again after a while
  leader-loss        kill -9 of the NATS server that leads a stream, which starts again after a while
  partition          all links of a node, to HAProxy and to NATS, are silent for a while
  clock-jump         the clock of a node goes an hour ahead, and back after a while
  full-disk          no space is left under the NATS server that leads a stream, until there is and it starts again

  --act NAME         one of those; give it again for more (default all)
  --clients N        subscribers (default 1200)
  --channels N       replayable channels that they subscribe to, one or two each (default 30)
  --rate N           messages a second to all channels together (default 30)
  --transport NAME   ${TRANSPORTS.join(", ")}; give it again for more (default all)
  --nodes N          gateway nodes (default 3)
  --processes N      processes with clients (default 2)
  --calm N           seconds of undisturbed load before each act and behind it (default 15)
  --outage N         seconds that something is away, silent, full or wrong (default 15)
  --window N         seconds within which a node that leaves says goodbye to its clients (default 10)
  --record NAME      write the result to load-tests/results/NAME.json
  --json             print one line of JSON instead of the table
  --help, -h         print this and exit
`;

export function parseRehearsalArguments(argv: readonly string[]): ParsedArguments<RehearsalOptions> {
  return parseArguments(() => read(argv), optionsOf);
}

function optionsOf({ values }: ReturnType<typeof read>, reader: OptionReader): RehearsalOptions {
  const number = (name: NumberName, min: number, max: number): number =>
    reader.number(name, values[name], min, max);
  return {
    acts: reader.chosen("act", values.act, ACT_NAMES),
    transports: reader.chosen("transport", values.transport, TRANSPORTS),
    clients: number("clients", 1, 100_000),
    channels: number("channels", 1, 10_000),
    rate: number("rate", 1, 100_000),
    // Whoever loses a node needs another one.
    nodes: number("nodes", 2, 20),
    natsServers: 3,
    clientProcesses: number("processes", 1, 64),
    calmSeconds: number("calm", 2, 600),
    outageSeconds: number("outage", 1, 600),
    windowSeconds: number("window", 1, 600),
    json: values.json,
    record: reader.recordName(values.record),
  };
}

type NumberName = "clients" | "channels" | "rate" | "nodes" | "processes" | "calm" | "outage" | "window";

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      act: { type: "string", multiple: true, default: [] },
      transport: { type: "string", multiple: true, default: [] },
      clients: { type: "string", default: "1200" },
      channels: { type: "string", default: "30" },
      rate: { type: "string", default: "30" },
      nodes: { type: "string", default: "3" },
      processes: { type: "string", default: "2" },
      calm: { type: "string", default: "15" },
      outage: { type: "string", default: "15" },
      window: { type: "string", default: "10" },
      record: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
