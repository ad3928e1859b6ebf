import { parseArgs } from "node:util";
import type { OptionReader } from "../option-reader.ts";
import { type ParsedArguments, parseArguments } from "../parsed-arguments.ts";

export const LOAD_SCENARIOS = [
  "connection-ramp",
  "fan-out",
  "request-reply",
  "chat-churn",
  "sse",
  "reconnect-storm",
] as const;
export type LoadScenario = (typeof LOAD_SCENARIOS)[number];

/** Where the nodes are, and what their tokens are made of. */
export interface LoadTarget {
  /** `http://host:port` each. */
  readonly gateways: readonly string[];
  /** One token for all clients; `undefined`: one for each, signed with `secret`. */
  readonly token: string | undefined;
  /** HS256; `undefined`: that of development stacks. */
  readonly secret: string | undefined;
}

export interface LoadOptions {
  readonly scenarios: readonly LoadScenario[];
  /** A few seconds each. */
  readonly smoke: boolean;
  /** `undefined`: a stack of our own. */
  readonly target: LoadTarget | undefined;
  /** Variables for the scenarios, `CLIENTS=500`. */
  readonly variables: readonly string[];
}

export const LOAD_USAGE = `Usage: npm run load -- [options] [scenario…]

Runs k6 scenarios against a development stack that is started for them, or against nodes that run already. Ends with 1 if a
threshold was missed. Scenarios (default all):
  ${LOAD_SCENARIOS.join(", ")}

  --smoke            a few seconds each, with few clients: do they run at all?
  --gateway URL      nodes to test, http://host:port; give it again for more
  --token JWT        with --gateway: one token for all clients, for chat.> and demo.>
  --secret TEXT      with --gateway: what tokens are signed with (HS256; default that of development stacks)
  --set NAME=VALUE   a size of a scenario: CLIENTS=500, SECONDS=30, RATE=20, …; give it again for more
  --help, -h         print this and exit
`;

export function parseLoadArguments(argv: readonly string[]): ParsedArguments<LoadOptions> {
  return parseArguments(() => read(argv), optionsOf);
}

function optionsOf({ values, positionals }: ReturnType<typeof read>, reader: OptionReader): LoadOptions {
  const { gateway, token, secret, set, smoke } = values;
  const unknown = positionals.find((name) => !LOAD_SCENARIOS.some((known) => known === name));
  if (unknown !== undefined) {
    reader.refuse(`there is no scenario ${unknown}; there are ${LOAD_SCENARIOS.join(", ")}`);
  }
  const notAddress = gateway.find((url) => !/^https?:\/\/[^/]+$/.test(url));
  if (notAddress !== undefined) {
    reader.refuse(`--gateway must be like http://host:port, not ${notAddress}`);
  }
  const notSet = set.find((variable) => !/^[A-Z][A-Z0-9_]*=./.test(variable));
  if (notSet !== undefined) {
    reader.refuse(`--set must be like CLIENTS=500, not ${notSet}`);
  }
  if (gateway.length === 0 && (token !== undefined || secret !== undefined)) {
    reader.refuse("--token and --secret go with --gateway");
  }
  return {
    scenarios:
      positionals.length === 0 ? LOAD_SCENARIOS : LOAD_SCENARIOS.filter((name) => positionals.includes(name)),
    smoke,
    target: gateway.length === 0 ? undefined : { gateways: gateway, token, secret },
    variables: set,
  };
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      smoke: { type: "boolean", default: false },
      gateway: { type: "string", multiple: true, default: [] },
      token: { type: "string" },
      secret: { type: "string" },
      set: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
