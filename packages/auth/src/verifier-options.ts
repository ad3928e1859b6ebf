import { type Algorithm, isAlgorithm } from "./algorithms.ts";
import { AuthError } from "./auth-error.ts";
import type { ClaimRules } from "./claims.ts";
import type { FetchKeySet } from "./fetch-key-set.ts";
import { integerOption } from "./integer-option.ts";
import { keySetUrl } from "./key-set-url.ts";
import type { ResolvedKeySet } from "./remote-key-set.ts";
import type { StaticKey } from "./static-keys.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Most static keys, and most keys of a set: a token without `kid` may have to be tried against all of them. */
const MAX_KEYS = 100;
const MAX_FORWARDED_CLAIMS = 32;

export interface KeySetOptions {
  /** Where the JSON Web Key Set is. `https`, unless the host is this machine or `allowInsecure` is set. */
  readonly url: string;
  /**
   * How long a fetched set is fresh. Default 10 minutes, 1 s to 1 day. A key that the issuer withdraws is accepted
   * no longer than this while the endpoint works.
   */
  readonly cacheMs?: number;
  /**
   * Least time between two fetches, whatever tokens arrive. Default 10 s, 100 ms to 1 hour and no more than
   * `cacheMs`. A new key is known at most this long after it was published.
   */
  readonly cooldownMs?: number;
  /** For a whole fetch. Default 5 s, 10 ms to 1 minute. */
  readonly timeoutMs?: number;
  /** Longest accepted answer. Default 256 KiB, 1 KiB to 4 MiB. */
  readonly maxBytes?: number;
  /** Most keys in a set; a larger set counts as a failure. Default 32, 1 to 100. */
  readonly maxKeys?: number;
  /** How long the last good set is used beyond `cacheMs` while the endpoint fails. Default 1 day, 0 to 30 days. */
  readonly staleMs?: number;
  /** Allows plain `http` to other machines, where anyone on the way can replace the keys. Default false. */
  readonly allowInsecure?: boolean;
}

export interface TokenVerifierOptions {
  /** The accepted signature algorithms. No default: what is not listed is refused, whatever keys there are. */
  readonly algorithms: readonly Algorithm[];
  readonly keys?: readonly StaticKey[];
  readonly jwks?: KeySetOptions;
  /** Accepted values of `iss`. Not checked if absent. */
  readonly issuer?: string | readonly string[];
  /**
   * Accepted values of `aud`; one match is enough. Not checked if absent, and then tokens that the same issuer
   * made for other services are accepted too.
   */
  readonly audience?: string | readonly string[];
  /** Clock difference forgiven in `exp` and `nbf`. Default 5,000, 0 to 60,000. */
  readonly leewayMs?: number;
  /** Longest token looked at. Default 8,192, 256 to 65,536. */
  readonly maxTokenBytes?: number;
  /** Refuses tokens whose `exp` lies further ahead. 1 s to 10 years; unlimited if absent. */
  readonly maxLifetimeMs?: number;
  /** The claim with the grants. Default `grants`. */
  readonly grantsClaim?: string;
  /** The claim that names the user. Default `sub`. */
  readonly userClaim?: string;
  /** Claims passed on to backends, in this order. At most 32; default none. */
  readonly forwardClaims?: readonly string[];
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
  /** For tests. Must honour the abort signal. */
  readonly fetch?: FetchKeySet;
}

export interface ResolvedVerifierOptions {
  readonly algorithms: ReadonlySet<Algorithm>;
  readonly keys: readonly StaticKey[];
  readonly jwks: ResolvedKeySet | undefined;
  readonly maxTokenBytes: number;
  readonly claims: ClaimRules;
  readonly now: () => number;
  readonly fetch: FetchKeySet;
}

/** Checks the options and fills in defaults. Throws `AuthError`; whether the keys are sound shows on import. */
export function resolveVerifierOptions(options: TokenVerifierOptions): ResolvedVerifierOptions {
  const keys = options.keys ?? [];
  if (keys.length > MAX_KEYS) {
    throw new AuthError(
      "option_invalid",
      `keys has ${keys.length} entries; at most ${MAX_KEYS} are accepted`,
    );
  }
  if (keys.length === 0 && options.jwks === undefined) {
    throw new AuthError("keys_missing", "there is neither a key nor a key set to verify tokens with");
  }
  return {
    algorithms: resolveAlgorithms(options.algorithms),
    keys,
    jwks: options.jwks === undefined ? undefined : resolveKeySet(options.jwks),
    maxTokenBytes: integerOption(options.maxTokenBytes, {
      name: "maxTokenBytes",
      default: 8_192,
      min: 256,
      max: 65_536,
    }),
    claims: {
      issuers: resolveNames("issuer", options.issuer),
      audiences: resolveNames("audience", options.audience),
      leewayMs: integerOption(options.leewayMs, { name: "leewayMs", default: 5_000, min: 0, max: 60_000 }),
      maxLifetimeMs:
        options.maxLifetimeMs === undefined
          ? Number.POSITIVE_INFINITY
          : integerOption(options.maxLifetimeMs, {
              name: "maxLifetimeMs",
              default: HOUR_MS,
              min: 1_000,
              max: 3_650 * DAY_MS,
            }),
      grantsClaim: claimName("grantsClaim", options.grantsClaim ?? "grants"),
      userClaim: claimName("userClaim", options.userClaim ?? "sub"),
      forwardClaims: resolveForwardClaims(options.forwardClaims ?? []),
    },
    now: options.now ?? Date.now,
    fetch: options.fetch ?? globalThis.fetch,
  };
}

function resolveAlgorithms(algorithms: readonly Algorithm[]): ReadonlySet<Algorithm> {
  if (!Array.isArray(algorithms) || algorithms.length === 0) {
    throw new AuthError(
      "algorithms_invalid",
      "algorithms must list at least one accepted signature algorithm",
    );
  }
  const pinned = new Set<Algorithm>();
  for (const algorithm of algorithms as readonly unknown[]) {
    if (!isAlgorithm(algorithm)) {
      throw new AuthError(
        "algorithms_invalid",
        `algorithms lists ${JSON.stringify(algorithm)}, which is unknown`,
      );
    }
    if (pinned.has(algorithm)) {
      throw new AuthError("algorithms_invalid", `algorithms lists ${algorithm} twice`);
    }
    pinned.add(algorithm);
  }
  return pinned;
}

function resolveKeySet(options: KeySetOptions): ResolvedKeySet {
  const cacheMs = integerOption(options.cacheMs, {
    name: "jwks.cacheMs",
    default: 600_000,
    min: 1_000,
    max: DAY_MS,
  });
  return {
    url: keySetUrl(options.url, options.allowInsecure === true),
    cacheMs,
    cooldownMs: integerOption(options.cooldownMs, {
      name: "jwks.cooldownMs",
      default: Math.min(10_000, cacheMs),
      min: 100,
      max: Math.min(HOUR_MS, cacheMs),
    }),
    timeoutMs: integerOption(options.timeoutMs, {
      name: "jwks.timeoutMs",
      default: 5_000,
      min: 10,
      max: 60_000,
    }),
    maxBytes: integerOption(options.maxBytes, {
      name: "jwks.maxBytes",
      default: 262_144,
      min: 1_024,
      max: 4_194_304,
    }),
    maxKeys: integerOption(options.maxKeys, { name: "jwks.maxKeys", default: 32, min: 1, max: MAX_KEYS }),
    staleMs: integerOption(options.staleMs, {
      name: "jwks.staleMs",
      default: DAY_MS,
      min: 0,
      max: 30 * DAY_MS,
    }),
  };
}

/** `undefined` means not checked. An empty list is refused: it reads like that, but would accept nobody. */
function resolveNames(
  option: "issuer" | "audience",
  value: string | readonly string[] | undefined,
): ReadonlySet<unknown> | undefined {
  if (value === undefined) {
    return undefined;
  }
  const names: readonly unknown[] = typeof value === "string" ? [value] : value;
  if (!Array.isArray(names) || names.length === 0 || !names.every(isName)) {
    throw new AuthError("option_invalid", `${option} must be a non-empty string or a non-empty list of them`);
  }
  return new Set(names);
}

function resolveForwardClaims(names: readonly string[]): readonly string[] {
  if (names.length > MAX_FORWARDED_CLAIMS || new Set(names).size !== names.length) {
    throw new AuthError(
      "option_invalid",
      `forwardClaims must list at most ${MAX_FORWARDED_CLAIMS} claims, each once`,
    );
  }
  return names.map((name) => claimName("forwardClaims", name));
}

function claimName(option: string, name: string): string {
  if (!isName(name)) {
    throw new AuthError("option_invalid", `${option} must name a claim with a non-empty string`);
  }
  return name;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0;
}
