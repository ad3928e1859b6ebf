import { parseArgs } from "node:util";

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

export type ParsedLoadArguments =
  | { readonly kind: "run"; readonly options: LoadOptions }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly message: string };

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

export function parseLoadArguments(argv: readonly string[]): ParsedLoadArguments {
  let parsed: ReturnType<typeof read>;
  try {
    parsed = read(argv);
  } catch (error) {
    return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  if (values.help) {
    return { kind: "help" };
  }
  const unknown = positionals.find((name) => !LOAD_SCENARIOS.some((known) => known === name));
  if (unknown !== undefined) {
    return {
      kind: "refused",
      message: `there is no scenario ${unknown}; there are ${LOAD_SCENARIOS.join(", ")}`,
    };
  }
  const notAddress = values.gateway.find((url) => !/^https?:\/\/[^/]+$/.test(url));
  if (notAddress !== undefined) {
    return { kind: "refused", message: `--gateway must be like http://host:port, not ${notAddress}` };
  }
  const notSet = values.set.find((variable) => !/^[A-Z][A-Z0-9_]*=./.test(variable));
  if (notSet !== undefined) {
    return { kind: "refused", message: `--set must be like CLIENTS=500, not ${notSet}` };
  }
  if (values.gateway.length === 0 && (values.token !== undefined || values.secret !== undefined)) {
    return { kind: "refused", message: "--token and --secret go with --gateway" };
  }
  return {
    kind: "run",
    options: {
      scenarios:
        positionals.length === 0
          ? LOAD_SCENARIOS
          : LOAD_SCENARIOS.filter((name) => positionals.includes(name)),
      smoke: values.smoke,
      target:
        values.gateway.length === 0
          ? undefined
          : { gateways: values.gateway, token: values.token, secret: values.secret },
      variables: values.set,
    },
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
