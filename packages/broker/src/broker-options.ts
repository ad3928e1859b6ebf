import type { BrokerCredentials } from "./broker-credentials.ts";
import type { BrokerError } from "./broker-error.ts";
import type { HistoryPolicy } from "./store/history-policy.ts";
import { TAIL_DEFAULTS, type TailOptions } from "./tail/tail-options.ts";

/** TLS towards NATS. Files are PEM and are read again at every connect. */
export interface BrokerTls {
  /** Authorities to trust instead of the system's. */
  readonly caFile: string | undefined;
  /** Client certificate, together with `keyFile`. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** TLS before the first byte of the NATS protocol; the server must be set to the same. */
  readonly handshakeFirst: boolean;
}

/** Everything a broker needs to know. Made by {@link resolveBrokerOptions}; nothing in here is checked again. */
export interface BrokerOptions {
  /** `nats://host:port` or `tls://host:port`; a single one finds the rest of its cluster. Never with credentials in it. */
  readonly servers: readonly string[];
  /** Name of this node, unique among nodes: shown by NATS monitoring. `[A-Za-z0-9_-]`, at most 64 characters. */
  readonly name: string;
  readonly credentials: BrokerCredentials;
  readonly tls: BrokerTls | undefined;
  /** First token of the channel subjects: `rt` gives `rt.<channel>` and `rtin.<channel>`. */
  readonly subjectPrefix: string;
  /** Replies arrive on `<inboxPrefix>.>`: NATS permissions must allow subscribing to it. */
  readonly inboxPrefix: string;
  /** How long {@link connectBroker} waits for a server. Default 30 000 ms. */
  readonly startupDeadlineMs: number;
  /** Bound on one attempt to connect to one server. Default 2 000 ms. */
  readonly connectTimeoutMs: number;
  /** Pause before the same server is tried again. Default 250 ms. */
  readonly reconnectTimeWaitMs: number;
  /** Random extra on every pause, so that nodes do not return in step; three times this with TLS. Default 500 ms. */
  readonly reconnectJitterMs: number;
  /** A silent connection is given up after `(maxPingOut + 1) * pingIntervalMs`. Default 2 500 ms. */
  readonly pingIntervalMs: number;
  /** Default 2. */
  readonly maxPingOut: number;
  /** A server that is about to shut down is left after a random time up to this. Default 5 000 ms. */
  readonly lameDuckJitterMs: number;
  /** How long a NATS subscription outlives its last subscriber. Default 15 000 ms. */
  readonly lingerMs: number;
  /** Upper bound for the timeout of any request. Default 30 000 ms. */
  readonly maxRequestTimeoutMs: number;
  /** The namespaces with history, by name, and what each keeps. Default: none. */
  readonly histories: ReadonlyMap<string, HistoryPolicy>;
  /** Bound on one read of a stream and on one acknowledgement by it. Default 5 000 ms. */
  readonly storeTimeoutMs: number;
  /** For the tails of replayable channels; what is left out has the default of {@link TailOptions}. */
  readonly tails: TailOptions;
  /** Bytes published and not yet confirmed by the server above which publishing answers `busy`. Default 8 MiB. */
  readonly maxPendingBytes: number;
  /** After this {@link Broker.drain} closes what is still open. Default 10 000 ms. */
  readonly drainTimeoutMs: number;
  /** Gets errors nobody waits for: listeners that throw, denied publishes, server errors. For logs. */
  readonly onError: (error: BrokerError) => void;
}

/** What a caller must say; everything else has a default. */
export type BrokerOptionsInput = Pick<BrokerOptions, "servers" | "name"> & {
  readonly [K in Exclude<keyof BrokerOptions, "servers" | "name" | "tls" | "tails">]?:
    | BrokerOptions[K]
    | undefined;
} & { readonly tls?: Partial<BrokerTls> | undefined; readonly tails?: Partial<TailOptions> | undefined };

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const SUBJECT_PREFIX = /^[A-Za-z0-9_-]{1,32}$/;
const INBOX_PREFIX = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** setTimeout treats more than 2^31 - 1 ms as 1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * Fills in the defaults and checks every value.
 *
 * @throws TypeError naming the option that is wrong; never its value where that could hold a secret.
 */
export function resolveBrokerOptions(input: BrokerOptionsInput): BrokerOptions {
  const servers = resolveServers(input.servers);
  const name = matching("name", input.name, NAME);
  const tlsWanted = input.tls !== undefined || servers.some((server) => server.startsWith("tls://"));
  return Object.freeze({
    servers,
    name,
    credentials: resolveCredentials(input.credentials ?? { kind: "none" }),
    tls: tlsWanted ? resolveTls(input.tls ?? {}) : undefined,
    subjectPrefix: matching("subjectPrefix", input.subjectPrefix ?? "rt", SUBJECT_PREFIX),
    inboxPrefix: matching("inboxPrefix", input.inboxPrefix ?? `_INBOX_${name}`, INBOX_PREFIX),
    startupDeadlineMs: integer("startupDeadlineMs", input.startupDeadlineMs, 30_000, 1),
    connectTimeoutMs: integer("connectTimeoutMs", input.connectTimeoutMs, 2_000, 1),
    reconnectTimeWaitMs: integer("reconnectTimeWaitMs", input.reconnectTimeWaitMs, 250, 1),
    reconnectJitterMs: integer("reconnectJitterMs", input.reconnectJitterMs, 500, 0),
    pingIntervalMs: integer("pingIntervalMs", input.pingIntervalMs, 2_500, 1),
    maxPingOut: integer("maxPingOut", input.maxPingOut, 2, 1),
    lameDuckJitterMs: integer("lameDuckJitterMs", input.lameDuckJitterMs, 5_000, 0),
    lingerMs: integer("lingerMs", input.lingerMs, 15_000, 0),
    maxRequestTimeoutMs: integer("maxRequestTimeoutMs", input.maxRequestTimeoutMs, 30_000, 1),
    histories: new Map(input.histories ?? []),
    storeTimeoutMs: integer("storeTimeoutMs", input.storeTimeoutMs, 5_000, 1),
    tails: resolveTails(input.tails ?? {}),
    maxPendingBytes: integer("maxPendingBytes", input.maxPendingBytes, 8 * 1024 * 1024, 1),
    drainTimeoutMs: integer("drainTimeoutMs", input.drainTimeoutMs, 10_000, 1),
    onError: input.onError ?? (() => {}),
  });
}

function resolveTails(input: Partial<TailOptions>): TailOptions {
  const entries = Object.entries({ ...TAIL_DEFAULTS, ...input }).map(([option, value]) => [
    option,
    integer(`tails.${option}`, value, 0, 1),
  ]);
  return Object.freeze(Object.fromEntries(entries) as TailOptions);
}

function resolveServers(servers: readonly string[]): readonly string[] {
  if (!Array.isArray(servers) || servers.length === 0)
    throw new TypeError("servers must name at least one NATS server");
  return Object.freeze(servers.map(resolveServer));
}

function resolveServer(server: string, index: number): string {
  const text = server.includes("://") ? server : `nats://${server}`;
  const scheme = text.slice(0, text.indexOf("://"));
  if (scheme !== "nats" && scheme !== "tls") {
    throw new TypeError(`servers[${index}] must start with nats:// or tls://`);
  }
  // URL knows the ports and hosts of http only; the scheme is put back below.
  const parsed = URL.parse(`http://${text.slice(scheme.length + 3)}`);
  if (parsed === null || parsed.hostname === "")
    throw new TypeError(`servers[${index}] is not a host and port`);
  if (parsed.username !== "" || parsed.password !== "") {
    throw new TypeError(`servers[${index}] must not carry credentials: use the credentials option`);
  }
  if (parsed.pathname !== "/" || parsed.search !== "" || parsed.hash !== "") {
    throw new TypeError(`servers[${index}] must be a host and port and nothing else`);
  }
  const port = /:(\d+)\/?$/.exec(text)?.[1] ?? "4222";
  return `${scheme}://${parsed.hostname}:${port}`;
}

function resolveCredentials(credentials: BrokerCredentials): BrokerCredentials {
  switch (credentials.kind) {
    case "none":
      break;
    case "password":
      nonEmpty("credentials.user", credentials.user);
      nonEmpty("credentials.password", credentials.password);
      break;
    case "token":
      nonEmpty("credentials.token", credentials.token);
      break;
    case "creds_file":
    case "nkey_file":
      nonEmpty("credentials.path", credentials.path);
      break;
    default:
      throw new TypeError("credentials.kind is not one of none, password, token, creds_file, nkey_file");
  }
  return credentials;
}

function resolveTls(tls: Partial<BrokerTls>): BrokerTls {
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    throw new TypeError("tls.certFile and tls.keyFile go together");
  }
  return Object.freeze({
    caFile: tls.caFile,
    certFile: tls.certFile,
    keyFile: tls.keyFile,
    handshakeFirst: tls.handshakeFirst ?? false,
  });
}

function integer(option: string, value: number | undefined, fallback: number, least: number): number {
  const number = value ?? fallback;
  if (!Number.isSafeInteger(number) || number < least || number > LONGEST_TIMER_MS) {
    throw new TypeError(
      `${option} must be a whole number from ${least} to ${LONGEST_TIMER_MS}, not ${number}`,
    );
  }
  return number;
}

function matching(option: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value))
    throw new TypeError(`${option} must match ${pattern.source}, not ${JSON.stringify(value)}`);
  return value;
}

function nonEmpty(option: string, value: string): void {
  if (typeof value !== "string" || value === "") throw new TypeError(`${option} must not be empty`);
}
