import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { MIN_STAMPED_BYTES } from "../swarm/stamp.ts";
import { SCENARIO_NAMES, type ScenarioName } from "./scenario.ts";

export interface BenchOptions {
  /** Opened in the measured storm. */
  readonly connections: number;
  /** Opened before it, so that the server's code is compiled, and kept open. */
  readonly warmUp: number;
  /** Connections under way at a time. */
  readonly inFlight: number;
  /** Messages a second to the channel that everybody subscribes to. */
  readonly rate: number;
  /** Messages a second to the channels of single connections, all together. */
  readonly ownRate: number;
  readonly payloadBytes: number;
  /** How long messages are published. */
  readonly seconds: number;
  /** How long the server is watched with nothing to do. */
  readonly idleSeconds: number;
  /** How often everything is repeated. */
  readonly rounds: number;
  readonly scenarios: readonly ScenarioName[];
  readonly json: boolean;
  /** Directory for CPU profiles of the gateway; `undefined`: none. */
  readonly profileDirectory: string | undefined;
}

export type ParsedBenchArguments =
  | { readonly kind: "run"; readonly options: BenchOptions }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly message: string };

/** Below the backlog of uWebSockets.js, 512, with room for what the kernel counts otherwise. */
const MAX_IN_FLIGHT = 400;

export const BENCH_USAGE = `Usage: npm run bench -- [options]

Measures one gateway node against a bare uWebSockets.js server, side by side: what connections and deliveries cost.
Progress goes to standard error, the result to standard output. Ends with 1 if a message was lost.

  --connections N    opened at once, measured (default 5000)
  --warm-up N        opened before that, and kept (default 5000)
  --in-flight N      connections under way at a time, 1 to ${MAX_IN_FLIGHT} (default 200)
  --rate N           messages a second to a channel that everybody subscribes to (default 3)
  --own-rate N       messages a second to channels with one subscriber each, together (default 2000)
  --payload N        bytes of a message (default 128)
  --seconds N        how long messages are published (default 5)
  --idle-seconds N   how long the idle server is watched (default 5)
  --rounds N         how often all is repeated; the table shows medians (default 3)
  --scenario NAME    ${SCENARIO_NAMES.join(" or ")}; give it again for more (default all)
  --profile DIR      write CPU profiles of the gateway; its figures are then worth nothing
  --json             print one line of JSON instead of the table
  --help, -h         print this and exit
`;

export function parseBenchArguments(argv: readonly string[]): ParsedBenchArguments {
  let values: ReturnType<typeof read>;
  try {
    values = read(argv);
  } catch (error) {
    return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) {
    return { kind: "help" };
  }
  const problems: string[] = [];
  const number = (name: keyof typeof values, min: number, max: number): number => {
    const text = String(values[name]);
    const value = Number(text);
    if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
      problems.push(`--${name} must be a whole number from ${min} to ${max}, not ${text}`);
    }
    return value;
  };
  const scenarios = SCENARIO_NAMES.filter((name) => values.scenario.includes(name));
  const unknown = values.scenario.find((name) => !scenarios.some((known) => known === name));
  if (unknown !== undefined) {
    problems.push(`--scenario must be ${SCENARIO_NAMES.join(" or ")}, not ${unknown}`);
  }
  const options: BenchOptions = {
    connections: number("connections", 1, 100_000),
    warmUp: number("warm-up", 0, 100_000),
    inFlight: number("in-flight", 1, MAX_IN_FLIGHT),
    rate: number("rate", 1, 100_000),
    ownRate: number("own-rate", 1, 1_000_000),
    payloadBytes: number("payload", MIN_STAMPED_BYTES, 16_384),
    seconds: number("seconds", 1, 600),
    idleSeconds: number("idle-seconds", 1, 600),
    rounds: number("rounds", 1, 100),
    scenarios: values.scenario.length === 0 ? SCENARIO_NAMES : scenarios,
    json: values.json,
    profileDirectory: values.profile === undefined ? undefined : resolve(values.profile),
  };
  const [problem] = problems;
  return problem === undefined ? { kind: "run", options } : { kind: "refused", message: problem };
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      connections: { type: "string", default: "5000" },
      "warm-up": { type: "string", default: "5000" },
      "in-flight": { type: "string", default: "200" },
      rate: { type: "string", default: "3" },
      "own-rate": { type: "string", default: "2000" },
      payload: { type: "string", default: "128" },
      seconds: { type: "string", default: "5" },
      "idle-seconds": { type: "string", default: "5" },
      rounds: { type: "string", default: "3" },
      scenario: { type: "string", multiple: true, default: [] },
      profile: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}
