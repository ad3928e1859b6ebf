import type { TokenVerifier } from "@tidegate/auth";
import type { CloseName } from "@tidegate/protocol";
import type { Logger, Tracing } from "@tidegate/runtime";
import { Arrivals } from "./admission/arrivals.ts";
import { type AdmissionOptions, Gate, turnedAwayReason } from "./admission/gate.ts";
import { LOADS, LoadMonitor, PROCESS_SOURCES } from "./admission/load-monitor.ts";
import { Connection } from "./connection/connection.ts";
import { Greeting } from "./connection/greeting.ts";
import { readOpenRequest } from "./connection/open-request.ts";
import { handshakeToken } from "./credentials.ts";
import { TurnBudget } from "./fan-out/flush-budget.ts";
import { Hub } from "./fan-out/hub.ts";
import type { GatewayBroker } from "./gateway-broker.ts";
import { errorAnswer } from "./handlers/session.ts";
import type { Handshake } from "./handshake.ts";
import { turnedAwayProblem } from "./http/admitted.ts";
import { createHttp, type Http } from "./http/create-http.ts";
import type { HttpOptions } from "./http/http-context.ts";
import type { HttpEdge } from "./http/http-edge.ts";
import type { Problem } from "./http/problem.ts";
import { createInstruments } from "./instruments.ts";
import { LifecycleEvents } from "./lifecycle/lifecycle-events.ts";
import { Occupancy } from "./lifecycle/occupancy.ts";
import type { DrainTimes, GatewayLimits, PingTimes } from "./limits.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { NamespacePolicies } from "./namespace-policies.ts";
import type { NodeContext } from "./node-context.ts";
import type { OriginPolicy } from "./origin-policy.ts";
import { publishReadings } from "./readings.ts";
import { Roster } from "./roster.ts";
import type { Socket } from "./socket.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { Traffic } from "./traffic.ts";
import { Turns } from "./turns.ts";

export interface GatewayOptions {
  /** Name of this node, told to clients; part of every connection id. */
  readonly node: string;
  readonly limits: GatewayLimits;
  readonly ping: PingTimes;
  readonly drain: DrainTimes;
  readonly http: HttpOptions;
  readonly admission: AdmissionOptions;
  /** What is announced, besides what namespaces ask for. */
  readonly events: { readonly connections: boolean };
  readonly policies: NamespacePolicies;
  readonly origins: OriginPolicy;
  /** Cookie that may carry the token; `undefined`: none. */
  readonly cookieName: string | undefined;
  readonly verifier: TokenVerifier;
  readonly broker: GatewayBroker;
  readonly metrics: GatewayMetrics;
  /** `undefined`: no spans. */
  readonly tracing: Tracing | undefined;
  readonly logger: Logger;
}

/** Of a batch frame: more at once saves nothing, and delays whoever reads it. */
const MOST_BATCH_BYTES = 65_536;

/** The core of a node: takes connections from transports, owns what they share, and drains them. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #context: NodeContext;
  readonly #roster: Roster;
  /** WebSockets; what else is served stands on the roster alone. */
  readonly #connections = new Set<Connection>();
  readonly #http: Http;
  readonly #monitor: LoadMonitor;
  readonly #gate: Gate;
  readonly #arrivals: Arrivals;
  readonly #occupancy: Occupancy | undefined;
  readonly #stopWatching: () => void;
  /** Distinguishes the connection ids of this process from those of an earlier one with the same node name. */
  readonly #boot = Date.now().toString(36);
  #serial = 0;

  constructor(options: GatewayOptions) {
    const { broker, metrics, policies, logger } = options;
    const traffic = new Traffic();
    const instruments = createInstruments(metrics);
    const uptime = (): number => performance.now();
    // Rates are counted in whole milliseconds, and deadlines take less memory as small integers.
    const wholeUptime = (): number => Math.floor(performance.now());
    this.#options = options;
    const events = new LifecycleEvents({ node: options.node, broker, now: Date.now });
    this.#occupancy = policies.announcesAny ? new Occupancy({ events, policies, uptime }) : undefined;
    this.#roster = new Roster(options.limits, options.drain);
    this.#monitor = new LoadMonitor(
      options.admission,
      { ...PROCESS_SOURCES, isLinked: () => broker.state === "connected" },
      (load, sheds, reading) => {
        if (sheds) logger.warn({ load, reading }, "newcomers are turned away: the node is overloaded");
        else logger.info({ load, reading }, "newcomers are let in again");
      },
    );
    this.#monitor.start();
    this.#gate = new Gate(options.admission, this.#monitor, instruments.turnedAway, wholeUptime, Math.random);
    this.#arrivals = new Arrivals({
      uptime,
      onFault: (error) => logger.error({ err: error }, "a newcomer failed"),
    });
    this.#context = {
      node: options.node,
      limits: options.limits,
      ping: options.ping,
      policies,
      greeting: new Greeting(options.node, options.limits, options.ping),
      verifier: options.verifier,
      broker,
      hub: new Hub({
        broker,
        policies,
        instruments,
        replayBytes: options.limits.replayBytes,
        batchBytes: Math.min(MOST_BATCH_BYTES, options.limits.frameBytes),
        traffic,
        uptime,
        budget: new TurnBudget(uptime),
        now: Date.now,
        onLost: (channel, error) => logger.warn({ err: error, channel }, "a channel was lost"),
        occupancy: this.#occupancy,
      }),
      events: options.events.connections ? events : undefined,
      wheel: new TimerWheel(wholeUptime),
      arrivals: this.#arrivals,
      gate: this.#gate,
      turns: new Turns(),
      traffic,
      instruments,
      tracing: options.tracing,
      logger,
      uptime: wholeUptime,
      now: Date.now,
      random: Math.random,
    };
    this.#context.wheel.start();
    this.#stopWatching = broker.onInterruption(() => this.#onInterruption());
    this.#http = createHttp({
      node: this.#context,
      options: options.http,
      origins: options.origins,
      cookieName: options.cookieName,
      roster: this.#roster,
      metrics,
      newId: () => this.#newId(),
    });
    const { streams, polls } = this.#http;
    publishReadings(metrics, {
      connections: {
        websocket: () => this.#connections.size,
        sse: () => streams.size,
        poll: () => polls.size,
      },
      subscriptions: () => this.#context.hub.holders,
      channels: () => this.#context.hub.size,
      lagging: {
        websocket: () => traffic.laggingConnections,
        sse: () => traffic.laggingStreams,
      },
      shedding: Object.fromEntries(
        LOADS.map((load) => [load, () => (this.#monitor.isTooMuch(load) ? 1 : 0)]),
      ),
      arrivalsWaiting: () => this.#arrivals.waiting,
      traffic,
      broker,
    });
  }

  /** Connections of all transports, and requests that are being worked on. */
  get connections(): number {
    return this.#roster.size;
  }

  /** Where transports bring what is no WebSocket. */
  get http(): HttpEdge {
    return this.#http.edge;
  }

  /** What to answer a request for an upgrade when there is no time left for more. A page cannot read it. */
  turnAwayUnseen(): Problem | undefined {
    const turnedAway = this.#gate.upgrade();
    return turnedAway === undefined ? undefined : turnedAwayProblem(turnedAway);
  }

  /**
   * Takes a WebSocket that was just upgraded. What is wrong with it is told by a close code, since a browser can't
   * read the status of a refused upgrade.
   */
  accept(socket: Socket, handshake: Handshake): Connection | undefined {
    const { instruments } = this.#context;
    instruments.opened.inc();
    const refuse = (name: CloseName, reason: string): undefined => {
      instruments.closes[name].inc();
      socket.end(name, reason);
    };
    if (this.#roster.isLeaving) {
      return refuse("draining", "the node is leaving");
    }
    const { origins, cookieName, limits } = this.#options;
    if (!origins.allows(handshake.origin, handshake.host)) {
      return refuse("origin_denied", "this origin is not on the allow-list");
    }
    const turnedAway = this.#gate.connection();
    if (turnedAway !== undefined) {
      return refuse("overloaded", turnedAwayReason(turnedAway));
    }
    const opening = readOpenRequest(handshake.query, limits.subscriptionsPerConnection);
    if (!opening.ok) {
      return refuse("request_invalid", opening.message);
    }
    const { format, channels, since, query } = opening.request;
    const wish = { channels, since };
    const refusal = this.#roster.count(handshake.address);
    if (refusal !== undefined) {
      return refuse(refusal, refusal === "node_full" ? "the node is full" : "too many from this address");
    }
    const connection = new Connection(this.#context, socket, this.#newId(), format, wish, this.#onClosed);
    this.#roster.add(connection, handshake.address);
    this.#connections.add(connection);
    const cookies = origins.allowsCookies(handshake.origin, handshake.host) ? cookieName : undefined;
    connection.begin(handshakeToken(handshake, query, cookies));
    return connection;
  }

  /** Says goodbye to all, paced; resolves when the last has left or `deadline` aborts, which closes the rest. */
  async drain(deadline: AbortSignal): Promise<void> {
    await this.#roster.drain(deadline);
    this.stop();
  }

  /** Ends what runs by itself; connections are left alone. Idempotent. */
  stop(): void {
    this.#stopWatching();
    this.#occupancy?.stop();
    this.#monitor.stop();
    this.#context.wheel.stop();
  }

  readonly #onClosed = (connection: Connection): void => {
    this.#connections.delete(connection);
    this.#roster.leave(connection);
  };

  #newId(): string {
    this.#serial += 1;
    return `${this.#options.node}-${this.#boot}-${this.#serial.toString(36)}`;
  }

  /** The link to NATS was down: what was published to live channels meanwhile is lost, and must not be so silently. */
  #onInterruption(): void {
    const message = "the node's link to NATS was interrupted; messages of live channels may be missing";
    const frame = JSON.stringify(errorAnswer(undefined, "messages_missed", message));
    for (const connection of this.#connections) {
      connection.notifyMissed(frame);
    }
    this.#http.streams.notifyMissed();
  }
}
