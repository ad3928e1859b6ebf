import type { Identity, Verification } from "@tidegate/auth";
import type { HistoryPolicy } from "@tidegate/broker";
import { compileGrants, type GrantPatterns, GrantSet } from "@tidegate/protocol";
import { createLogger, createMetrics, type MetricsExposition, type Tracing } from "@tidegate/runtime";
import { Greeting } from "../src/connection/greeting.ts";
import { type FlushBudget, UNLIMITED } from "../src/fan-out/flush-budget.ts";
import { Hub } from "../src/fan-out/hub.ts";
import { createInstruments } from "../src/instruments.ts";
import type { GatewayLimits, PingTimes } from "../src/limits.ts";
import { GATEWAY_METRICS } from "../src/metrics.ts";
import { NamespacePolicies, type NamespacePolicy } from "../src/namespace-policies.ts";
import type { NodeContext } from "../src/node-context.ts";
import { TimerWheel } from "../src/timer-wheel.ts";
import { Traffic } from "../src/traffic.ts";
import { Turns } from "../src/turns.ts";
import { FakeBroker } from "./fake-broker.ts";
import { gateOf } from "./open-gate.ts";

/** The date when a test begins. */
export const NOW = 1_800_000_000_000;
/** What the clock of deadlines shows then. */
export const BEGUN = 1_000_000;

export const LIMITS: GatewayLimits = {
  frameBytes: 4_096,
  payloadBytes: 1_024,
  subscriptionsPerConnection: 3,
  requestsInFlight: 2,
  requestTimeoutMs: 10_000,
  messagesPerSecond: 50,
  messageBurst: 100,
  unauthenticatedMs: 10_000,
  unauthenticatedBytes: 2_048,
  unauthenticatedMessages: 4,
  connections: 100,
  connectionsPerAddress: 100,
  connectionAgeMs: 0,
  outboxBytes: 10_000,
  laggingMs: 15_000,
  catchUpMs: 60_000,
  pageBytes: 4_096,
  replayBytes: 4_096,
};

export const PING: PingTimes = { intervalMs: 25_000, pongTimeoutMs: 10_000 };

export function grants(patterns: GrantPatterns): GrantSet {
  const compiled = compileGrants(patterns);
  if (!compiled.ok) {
    throw new TypeError(compiled.message);
  }
  return compiled.grants;
}

export function identity(extra: Partial<Identity> = {}): Identity {
  return {
    user: "ada",
    expiresAt: NOW + 3_600_000,
    issuedAt: NOW,
    grants: grants({
      subscribe: ["chat.>", "feed.>"],
      publish: ["chat.>", "feed.>", "jobs.>"],
      request: ["demo.>"],
      history: ["feed.>"],
    }),
    claims: undefined,
    ...extra,
  };
}

const HISTORY: HistoryPolicy = {
  maxAgeMs: 3_600_000,
  messagesPerChannel: 1_000,
  maxBytes: 100_000_000,
  replicas: 1,
  storage: "file",
  deduplicationMs: 120_000,
};

/** Closed to everybody. */
export const CLOSED_NAMESPACE: NamespacePolicy = {
  publish: "none",
  history: undefined,
  flushIntervalMs: 0,
  conflate: "none",
  events: false,
  grants: GrantSet.none,
  anonymous: GrantSet.none,
};

/**
 * `chat` is open to users, `feed` likewise and keeps history, `jobs` goes to backends, `news` takes nothing from clients and is
 * open to everybody.
 */
export const POLICIES: ReadonlyMap<string, NamespacePolicy> = new Map<string, NamespacePolicy>([
  ["chat", { ...CLOSED_NAMESPACE, publish: "direct" }],
  ["feed", { ...CLOSED_NAMESPACE, publish: "direct", history: HISTORY }],
  ["jobs", { ...CLOSED_NAMESPACE, publish: "backend" }],
  [
    "news",
    {
      ...CLOSED_NAMESPACE,
      grants: grants({ publish: ["news.>"], subscribe: ["news.>"] }),
      anonymous: grants({ subscribe: ["news.>"] }),
    },
  ],
]);

/** A verifier that decides by a table, when the test lets it. */
export class FakeVerifier {
  readonly outcomes = new Map<string, Verification>();
  readonly asked: string[] = [];
  /** Awaited before each outcome. */
  gate: Promise<void> = Promise.resolve();

  readonly status = { staticKeys: 1, keySet: undefined };

  accept(token: string, extra: Partial<Identity> = {}): string {
    this.outcomes.set(token, { ok: true, identity: identity(extra) });
    return token;
  }

  readonly verify = async (token: string): Promise<Verification> => {
    this.asked.push(token);
    await this.gate;
    return (
      this.outcomes.get(token) ?? {
        ok: false,
        failure: "token_signature",
        message: "The token is not signed here.",
      }
    );
  };

  readonly close = (): void => {};
}

export interface FakeNode {
  readonly context: NodeContext;
  readonly broker: FakeBroker;
  readonly verifier: FakeVerifier;
  /** The clock of deadlines, and how far the date is ahead of it: whoever sets the date changes that. */
  readonly clock: { uptime: number; ahead: number };
  /** Lines that were logged, parsed. */
  readonly logged: Readonly<Record<string, unknown>>[];
  readonly exposition: MetricsExposition;
  /** The value of one series, as `/metrics` would give it. */
  metric(series: string): Promise<number>;
  /** Moves the clock by small steps, and the timer wheel with it. */
  pass(ms: number): void;
}

export interface FakeNodeOptions {
  readonly limits?: Partial<GatewayLimits>;
  readonly ping?: Partial<PingTimes>;
  readonly policies?: ReadonlyMap<string, NamespacePolicy>;
  /** Of the hub; everything at once unless told otherwise. */
  readonly budget?: FlushBudget;
  readonly tracing?: Tracing;
}

/** What all connections of a node share, with a broker, a verifier and a clock that the test controls. */
export function fakeNode(options: FakeNodeOptions = {}): FakeNode {
  const broker = new FakeBroker();
  const verifier = new FakeVerifier();
  const clock = { uptime: BEGUN, ahead: NOW - BEGUN };
  const uptime = (): number => clock.uptime;
  const now = (): number => clock.uptime + clock.ahead;
  const random = (): number => 0.5;
  const traffic = new Traffic();
  const wheel = new TimerWheel(uptime);
  const { metrics, exposition } = createMetrics(GATEWAY_METRICS);
  const logged: Readonly<Record<string, unknown>>[] = [];
  const logger = createLogger({
    name: "test",
    level: "debug",
    destination: { write: (line) => logged.push(JSON.parse(line)) },
  });
  const policies = new NamespacePolicies(options.policies ?? POLICIES);
  const instruments = createInstruments(metrics);
  const limits = { ...LIMITS, ...options.limits };
  const ping = { ...PING, ...options.ping };
  const context: NodeContext = {
    node: "n1",
    limits,
    ping,
    policies,
    greeting: new Greeting("n1", limits, ping),
    verifier,
    broker,
    hub: new Hub({
      broker,
      policies,
      instruments,
      replayBytes: LIMITS.replayBytes,
      batchBytes: LIMITS.frameBytes,
      traffic,
      budget: options.budget ?? UNLIMITED,
      uptime,
      now,
      onLost: () => {},
      occupancy: undefined,
    }),
    events: undefined,
    wheel,
    arrivals: {
      isOpen: true,
      admit: (enter) => {
        enter();
        return true;
      },
    },
    gate: gateOf({ instruments, uptime, random }),
    turns: new Turns(),
    traffic,
    instruments,
    tracing: options.tracing,
    logger,
    uptime,
    now,
    random,
  };
  return {
    context,
    broker,
    verifier,
    clock,
    logged,
    exposition,
    metric: async (series) => seriesValue(await exposition.text(), series),
    pass: (ms) => {
      const until = clock.uptime + ms;
      while (clock.uptime < until) {
        clock.uptime = Math.min(clock.uptime + 100, until);
        wheel.advance();
      }
    },
  };
}

/** Reads one series, named as in the exposition: `tidegate_closes_total{code="client"}`. 0 if it is not there. */
export function seriesValue(exposition: string, series: string): number {
  const line = exposition.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}
