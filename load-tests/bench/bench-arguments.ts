import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { OptionReader } from "../option-reader.ts";
import { type ParsedArguments, parseArguments } from "../parsed-arguments.ts";
import { MIN_STAMPED_BYTES } from "../swarm/stamp.ts";
import { SCENARIO_NAMES, type ScenarioName } from "./scenario.ts";
import { SERVER_NAMES, type ServerName } from "./server-name.ts";

export interface BenchOptions {
  /** Opened in the measured storm. */
  readonly connections: number;
  /** Opened before it, so that the server's code is compiled, and kept open. */
  readonly warmUp: number;
  /** Connections under way at a time. */
  readonly inFlight: number;
  /** How many of all of them stay for the phases with many, and of those for the phases with few. */
  readonly many: number;
  readonly few: number;
  /** Messages a second to few, to many, and to few where latencies are taken. */
  readonly fewRate: number;
  readonly manyRate: number;
  readonly latencyRate: number;
  /** Messages a second to the channels of single connections, all together. */
  readonly ownRate: number;
  readonly payloadBytes: number;
  /** How long messages are published in each phase. */
  readonly seconds: number;
  /** How long the server is watched with nothing to do. */
  readonly idleSeconds: number;
  /** How often each server has its turn in a round. */
  readonly turns: number;
  /** How often everything is repeated. */
  readonly rounds: number;
  readonly servers: readonly ServerName[];
  /** False: those are all there are. */
  readonly serversChosen: boolean;
  readonly scenarios: readonly ScenarioName[];
  /** Whether to look for the most that each can do. */
  readonly saturation: boolean;
  readonly json: boolean;
  /** Name of the file in `load-tests/results`; `undefined`: none. */
  readonly record: string | undefined;
  /** Directory for CPU profiles of the gateway; `undefined`: none. */
  readonly profileDirectory: string | undefined;
}

/** Below the backlog of uWebSockets.js, 512, with room for what the kernel counts otherwise. */
const MAX_IN_FLIGHT = 400;

export const BENCH_USAGE = `Usage: npm run bench -- [options]

Measures a gateway node beside other servers, one after another with the same clients: what connections and deliveries
cost, and how many they can do. Progress goes to standard error, the result to standard output. Ends with 1 if the
gateway lost a message at a low rate.

  --server NAME      ${SERVER_NAMES.join(", ")};
                     give it again for more (default: all that are there, and beyond
                     \`fan-out\` those that are compared)
  --scenario NAME    ${SCENARIO_NAMES.join(", ")}; give it again for more (default all)
  --turns N          how often each server has its turn in each round of the scenarios that take turns
                     (default 3)
  --rounds N         how often all is repeated with servers started anew, of those that a goal
                     compares; the table shows medians (default 3)
  --connections N    opened at once, measured (default 4000)
  --warm-up N        opened before that, and kept (default 10000)
  --in-flight N      connections under way at a time, 1 to ${MAX_IN_FLIGHT} (default 200)
  --many N           connections for the phases with many of them (default 5000)
  --few N            connections for the phases with few of them (default 1000)
  --few-rate N       messages a second to few, for the CPU of a delivery (default 50)
  --many-rate N      the same to many (default 20)
  --latency-rate N   messages a second to few, for latencies (default 300)
  --own-rate N       messages a second to channels with one subscriber each, together (default 2000)
  --payload N        bytes of a message (default 128)
  --seconds N        how long messages are published in each phase (default 4)
  --idle-seconds N   how long the idle server is watched (default 2)
  --no-saturation    do not look for the most deliveries a second
  --profile DIR      write CPU profiles of the gateway; its figures are then worth nothing
  --record NAME      write the result to load-tests/results/NAME.json
  --json             print one line of JSON instead of the table
  --help, -h         print this and exit
`;

export function parseBenchArguments(argv: readonly string[]): ParsedArguments<BenchOptions> {
  return parseArguments(() => read(argv), optionsOf);
}

function optionsOf({ values }: ReturnType<typeof read>, reader: OptionReader): BenchOptions {
  const number = (name: keyof typeof values, min: number, max: number): number =>
    reader.number(name, String(values[name]), min, max);
  const record = reader.recordName(values.record);
  const connections = number("connections", 1, 100_000);
  const warmUp = number("warm-up", 0, 100_000);
  const many = Math.min(number("many", 1, 100_000), connections + warmUp);
  return {
    connections,
    warmUp,
    inFlight: number("in-flight", 1, MAX_IN_FLIGHT),
    many,
    few: Math.min(number("few", 1, 100_000), many),
    fewRate: number("few-rate", 1, 100_000),
    manyRate: number("many-rate", 1, 100_000),
    latencyRate: number("latency-rate", 1, 100_000),
    ownRate: number("own-rate", 1, 1_000_000),
    payloadBytes: number("payload", MIN_STAMPED_BYTES, 16_384),
    seconds: number("seconds", 1, 600),
    idleSeconds: number("idle-seconds", 1, 600),
    turns: number("turns", 1, 1000),
    rounds: number("rounds", 1, 100),
    servers: reader.chosen("server", values.server, SERVER_NAMES),
    serversChosen: values.server.length > 0,
    scenarios: reader.chosen("scenario", values.scenario, SCENARIO_NAMES),
    saturation: !values["no-saturation"],
    json: values.json,
    record,
    profileDirectory: values.profile === undefined ? undefined : resolve(values.profile),
  };
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      connections: { type: "string", default: "4000" },
      "warm-up": { type: "string", default: "10000" },
      many: { type: "string", default: "5000" },
      "in-flight": { type: "string", default: "200" },
      few: { type: "string", default: "1000" },
      "few-rate": { type: "string", default: "50" },
      "many-rate": { type: "string", default: "20" },
      "latency-rate": { type: "string", default: "300" },
      "own-rate": { type: "string", default: "2000" },
      payload: { type: "string", default: "128" },
      seconds: { type: "string", default: "4" },
      "idle-seconds": { type: "string", default: "2" },
      turns: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      server: { type: "string", multiple: true, default: [] },
      scenario: { type: "string", multiple: true, default: [] },
      "no-saturation": { type: "boolean", default: false },
      profile: { type: "string" },
      json: { type: "boolean", default: false },
      record: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
