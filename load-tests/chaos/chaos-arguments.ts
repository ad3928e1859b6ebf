import { parseArgs } from "node:util";
import type { OptionReader } from "../option-reader.ts";
import { type ParsedArguments, parseArguments } from "../parsed-arguments.ts";
import { TRANSPORTS, type TransportName } from "./accounting/tally.ts";

export const SCENARIO_NAMES = ["gateway-kill", "stream-kill", "broken-link", "reconnect-storm"] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** How much of a scenario is run. */
export interface ScenarioSize {
  /** Of each variant, where a scenario has several. */
  readonly rounds: number;
  readonly clients: number;
  readonly channels: number;
  /** Messages a second, to all channels together. */
  readonly rate: number;
}

export interface ChaosOptions {
  readonly scenarios: readonly ScenarioName[];
  readonly sizes: Readonly<Record<ScenarioName, ScenarioSize>>;
  readonly transports: readonly TransportName[];
  readonly nodes: number;
  readonly clientProcesses: number;
  /** How long a link is broken, or a killed server is away, in seconds. */
  readonly outageSeconds: number;
  /** Within how many milliseconds everybody comes back in a storm. */
  readonly spreadMs: number;
  readonly json: boolean;
}

const DEFAULT_SIZES: Readonly<Record<ScenarioName, ScenarioSize>> = {
  "gateway-kill": { rounds: 20, clients: 2000, channels: 50, rate: 50 },
  "stream-kill": { rounds: 10, clients: 300, channels: 20, rate: 50 },
  "broken-link": { rounds: 5, clients: 60, channels: 2, rate: 0 },
  "reconnect-storm": { rounds: 5, clients: 5000, channels: 50, rate: 50 },
};

export const CHAOS_USAGE = `Usage: npm run chaos -- [options]

Breaks gateway nodes, NATS servers and the links between them, and accounts for every message of every subscriber.
Progress goes to standard error, the result to standard output. Ends with 1 if a message was lost without a
reset, came twice, out of order, or is not in the stream.

  gateway-kill       a node is killed while messages are published; its clients go to others
  stream-kill        the leader of a stream in a cluster of three is killed, then a follower, and comes back
  broken-link        the link of a node to NATS breaks in four ways, and a quiet channel's last message is lost in it
  reconnect-storm    all clients come back at once, to nodes that know their channels and to nodes that do not

  --scenario NAME    one of those; give it again for more (default all)
  --rounds N         rounds of each variant (default ${defaults("rounds")})
  --clients N        subscribers (default ${defaults("clients")})
  --channels N       channels they subscribe to, one or two each (default ${defaults("channels")})
  --rate N           messages a second to all channels together (default ${defaults("rate")})
  --transport NAME   ${TRANSPORTS.join(", ")}; give it again for more (default all)
  --nodes N          gateway nodes (default 3)
  --processes N      processes with clients (default 2)
  --outage N         seconds that a link is broken or a NATS server is away (default 3)
  --spread N         milliseconds within which the clients of a storm come back (default 1000)
  --json             print one line of JSON instead of the table
  --help, -h         print this and exit
`;

function defaults(key: keyof ScenarioSize): string {
  return SCENARIO_NAMES.map((name) => DEFAULT_SIZES[name][key]).join(", ");
}

export function parseChaosArguments(argv: readonly string[]): ParsedArguments<ChaosOptions> {
  return parseArguments(() => read(argv), optionsOf);
}

function optionsOf({ values }: ReturnType<typeof read>, reader: OptionReader): ChaosOptions {
  const number = <Default extends number | undefined>(
    name: NumberName,
    fallback: Default,
    min: number,
    max: number,
  ): number | Default => {
    const text = values[name];
    return text === undefined ? fallback : reader.number(name, text, min, max);
  };
  const rounds = number("rounds", undefined, 1, 1000);
  const clients = number("clients", undefined, 1, 100_000);
  const channels = number("channels", undefined, 1, 10_000);
  const rate = number("rate", undefined, 0, 100_000);
  const sizeOf = (name: ScenarioName): ScenarioSize => {
    const size = DEFAULT_SIZES[name];
    return {
      rounds: rounds ?? size.rounds,
      clients: clients ?? size.clients,
      channels: channels ?? size.channels,
      rate: rate ?? size.rate,
    };
  };
  return {
    scenarios: reader.chosen("scenario", values.scenario, SCENARIO_NAMES),
    sizes: {
      "gateway-kill": sizeOf("gateway-kill"),
      "stream-kill": sizeOf("stream-kill"),
      "broken-link": sizeOf("broken-link"),
      "reconnect-storm": sizeOf("reconnect-storm"),
    },
    transports: reader.chosen("transport", values.transport, TRANSPORTS),
    // Whoever loses a node needs another one.
    nodes: number("nodes", 3, 2, 20),
    clientProcesses: number("processes", 2, 1, 64),
    outageSeconds: number("outage", 3, 1, 60),
    spreadMs: number("spread", 1000, 0, 60_000),
    json: values.json,
  };
}

type NumberName = "rounds" | "clients" | "channels" | "rate" | "nodes" | "processes" | "outage" | "spread";

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      scenario: { type: "string", multiple: true, default: [] },
      transport: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      clients: { type: "string" },
      channels: { type: "string" },
      rate: { type: "string" },
      nodes: { type: "string" },
      processes: { type: "string" },
      outage: { type: "string" },
      spread: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
