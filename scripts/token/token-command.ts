import { parseArgs } from "node:util";
import { DEVELOPMENT_KEY, mintToken, type TokenClaims } from "@tidegate/auth";
import { compileGrants, GRANT_ACTIONS, type GrantAction, type GrantPatterns } from "@tidegate/protocol";

/**
 * Everything in the namespaces of the development stack: what the token of `npm start` allows too. A test of the
 * demo service holds the two together.
 */
const EVERY_CHANNEL: readonly string[] = ["chat", "feed", "hooks", "ticker"].flatMap((namespace) => [
  namespace,
  `${namespace}.>`,
]);
const DEFAULT_GRANTS: GrantPatterns = {
  subscribe: EVERY_CHANNEL,
  publish: EVERY_CHANNEL,
  history: EVERY_CHANNEL,
  request: ["demo.>"],
};
const DEFAULT_USER = "developer";
const DEFAULT_DURATION = "24h";

type TokenArguments =
  | { readonly kind: "mint"; readonly claims: TokenClaims }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly message: string };

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const LONGEST_SECONDS = 3650 * SECONDS.d;
const DURATION = /^([1-9]\d{0,8})([smhd])$/;
/** As verifiers have it. */
const LONGEST_USER_BYTES = 128;

const USAGE = `Usage: npm run --silent token -- [options]

Prints a token signed with the development key, which only gateways in development mode accept.

  --sub NAME           who the bearer is (default ${DEFAULT_USER})
  --subscribe PATTERN  channels that may be subscribed to; repeat for more
  --publish PATTERN    channels that may be published to
  --history PATTERN    channels whose history may be read
  --presence PATTERN   channels whose members may be seen
  --request PATTERN    methods that may be called
  --expires DURATION   a whole number of s, m, h or d (default ${DEFAULT_DURATION})
  --issuer TEXT        the claim iss
  --audience TEXT      the claim aud
  --help, -h           print this and exit

Without a PATTERN the token allows everything in the namespaces of the development stack, demo.> included.
With one it allows what is named, and nothing else. {sub} in a pattern stands for NAME.

Example: npm run --silent token -- --sub ada --subscribe 'chat.>' --publish 'chat.lobby' --expires 1h
`;

/** What a command prints, and the code that it exits with. */
interface TokenCommandOutcome {
  readonly code: 0 | 2;
  readonly out: string;
  readonly err: string;
}

/** What `npm run token` does: a token or the usage, and code 2 with what is wrong if the arguments are refused. */
export async function runTokenCommand(argv: readonly string[]): Promise<TokenCommandOutcome> {
  const parsed = readTokenArguments(argv);
  switch (parsed.kind) {
    case "help":
      return { code: 0, out: USAGE, err: "" };
    case "refused":
      return { code: 2, out: "", err: `npm run token: ${parsed.message}; see npm run token -- --help\n` };
    case "mint":
      return { code: 0, out: `${await mintToken(parsed.claims, DEVELOPMENT_KEY)}\n`, err: "" };
  }
}

function readTokenArguments(argv: readonly string[]): TokenArguments {
  let values: ReturnType<typeof read>;
  try {
    values = read(argv);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  if (values.help) {
    return { kind: "help" };
  }
  const { sub, expires, issuer, audience } = values;
  if (sub === "" || sub.trim() !== sub || Buffer.byteLength(sub) > LONGEST_USER_BYTES) {
    return refuse(
      `--sub must be 1 to ${LONGEST_USER_BYTES} bytes that neither begin nor end with white space`,
    );
  }
  const expiresInSeconds = secondsOf(expires);
  if (expiresInSeconds === undefined) {
    return refuse(
      `--expires must be like 90s, 15m, 1h or 7d and at most 3650d, not ${JSON.stringify(expires)}`,
    );
  }
  const named: { [Action in GrantAction]?: readonly string[] } = {};
  for (const action of GRANT_ACTIONS) {
    const patterns = values[action];
    if (patterns !== undefined) {
      named[action] = patterns;
    }
  }
  const compiled = compileGrants(named);
  if (!compiled.ok) {
    return refuse(compiled.message);
  }
  const grants = Object.keys(named).length === 0 ? DEFAULT_GRANTS : named;
  return {
    kind: "mint",
    claims: {
      sub,
      expiresInSeconds,
      grants,
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    },
  };
}

function read(argv: readonly string[]) {
  const patterns = { type: "string", multiple: true } as const;
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      sub: { type: "string", default: DEFAULT_USER },
      subscribe: patterns,
      publish: patterns,
      request: patterns,
      presence: patterns,
      history: patterns,
      expires: { type: "string", default: DEFAULT_DURATION },
      issuer: { type: "string" },
      audience: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}

function secondsOf(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const factor = Object.entries(SECONDS).find(([name]) => name === unit)?.[1];
  const seconds = Number(count) * (factor ?? Number.NaN);
  return seconds <= LONGEST_SECONDS ? seconds : undefined;
}

function refuse(message: string): TokenArguments {
  return { kind: "refused", message };
}
