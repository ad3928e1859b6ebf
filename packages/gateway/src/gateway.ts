import type { TokenVerifier } from "@tidegate/auth";
import type { Broker, BrokerError } from "@tidegate/broker";
import type { CloseName } from "@tidegate/protocol";
import type { Logger } from "@tidegate/runtime";
import { Admission } from "./admission.ts";
import { Connection } from "./connection/connection.ts";
import { readOpenRequest } from "./connection/open-request.ts";
import { Subscription } from "./connection/subscriptions.ts";
import { handshakeToken } from "./credentials.ts";
import type { ChannelFanOut } from "./fan-out/channel-fan-out.ts";
import { Hub } from "./fan-out/hub.ts";
import { errorAnswer } from "./handlers/session.ts";
import type { Handshake } from "./handshake.ts";
import { createInstruments } from "./instruments.ts";
import type { DrainTimes, GatewayLimits, PingTimes } from "./limits.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { NamespacePolicies } from "./namespace-policies.ts";
import type { NodeContext } from "./node-context.ts";
import type { OriginPolicy } from "./origin-policy.ts";
import { PacedDrain } from "./paced-drain.ts";
import { publishReadings } from "./readings.ts";
import type { Socket } from "./socket.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { Traffic } from "./traffic.ts";

/** What a gateway uses of a broker. */
type GatewayBroker = Pick<
  Broker,
  "publish" | "request" | "subscribe" | "onInterruption" | "maxPayload" | "state" | "stats"
>;

export interface GatewayOptions {
  /** Name of this node, told to clients; part of every connection id. */
  readonly node: string;
  readonly limits: GatewayLimits;
  readonly ping: PingTimes;
  readonly drain: DrainTimes;
  readonly policies: NamespacePolicies;
  readonly origins: OriginPolicy;
  /** Cookie that may carry the token; `undefined`: none. */
  readonly cookieName: string | undefined;
  readonly verifier: TokenVerifier;
  readonly broker: GatewayBroker;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
}

/** The core of a node: takes connections from transports, owns what they share, and drains them. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #context: NodeContext;
  readonly #admission: Admission;
  readonly #connections = new Set<Connection>();
  readonly #addresses = new Map<Connection, string>();
  readonly #drain: PacedDrain;
  readonly #stopWatching: () => void;
  /** Distinguishes the connection ids of this process from those of an earlier one with the same node name. */
  readonly #boot = Date.now().toString(36);
  #serial = 0;

  constructor(options: GatewayOptions) {
    const { broker, metrics } = options;
    const traffic = new Traffic();
    this.#options = options;
    this.#admission = new Admission(options.limits);
    this.#drain = new PacedDrain(options.drain);
    this.#context = {
      node: options.node,
      limits: options.limits,
      ping: options.ping,
      policies: options.policies,
      verifier: options.verifier,
      broker,
      hub: new Hub(broker, Date.now, traffic, (channel, error) => this.#onChannelLost(channel, error)),
      wheel: new TimerWheel(),
      traffic,
      instruments: createInstruments(metrics),
      logger: options.logger,
      now: Date.now,
      random: Math.random,
    };
    this.#context.wheel.start();
    this.#stopWatching = broker.onInterruption(() => this.#onInterruption());
    publishReadings(metrics, {
      connections: () => this.#connections.size,
      subscriptions: () => this.#countSubscriptions(),
      channels: () => this.#context.hub.size,
      traffic,
      broker,
    });
  }

  get connections(): number {
    return this.#connections.size;
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
    if (this.#drain.started) {
      return refuse("draining", "the node is leaving");
    }
    const { origins, cookieName, limits } = this.#options;
    if (!origins.allows(handshake.origin, handshake.host)) {
      return refuse("origin_denied", "this origin is not on the allow-list");
    }
    const opening = readOpenRequest(handshake.query, limits.subscriptionsPerConnection);
    if (!opening.ok) {
      return refuse("request_invalid", opening.message);
    }
    const { format, channels, query } = opening.request;
    const refusal = this.#admission.enter(handshake.address);
    if (refusal !== undefined) {
      return refuse(refusal, refusal === "node_full" ? "the node is full" : "too many from this address");
    }
    this.#serial += 1;
    const id = `${this.#options.node}-${this.#boot}-${this.#serial.toString(36)}`;
    const connection = new Connection(this.#context, socket, id, format, channels, this.#onClosed);
    this.#connections.add(connection);
    this.#addresses.set(connection, handshake.address);
    const cookies = origins.allowsCookies(handshake.origin, handshake.host) ? cookieName : undefined;
    connection.begin(handshakeToken(handshake, query, cookies));
    return connection;
  }

  /** Says goodbye to all, paced; resolves when the last has left or `deadline` aborts, which closes the rest. */
  async drain(deadline: AbortSignal): Promise<void> {
    await this.#drain.run(this.#connections, deadline);
    this.stop();
  }

  /** Ends what runs by itself; connections are left alone. Idempotent. */
  stop(): void {
    this.#stopWatching();
    this.#context.wheel.stop();
  }

  readonly #onClosed = (connection: Connection): void => {
    this.#connections.delete(connection);
    const address = this.#addresses.get(connection);
    this.#addresses.delete(connection);
    if (address !== undefined) {
      this.#admission.leave(address);
    }
    this.#drain.left();
  };

  /** The link to NATS was down: what was published to live channels meanwhile is lost, and must not be so silently. */
  #onInterruption(): void {
    const message = "the node's link to NATS was interrupted; messages of live channels may be missing";
    const frame = JSON.stringify(errorAnswer(undefined, "messages_missed", message));
    for (const connection of this.#connections) {
      connection.notifyMissed(frame);
    }
  }

  #onChannelLost(channel: ChannelFanOut, error: BrokerError): void {
    this.#options.logger.warn({ err: error, channel: channel.name }, "a channel was lost");
    const code = error.code === "denied" ? "forbidden" : "broker_unavailable";
    for (const seat of channel.seats()) {
      if (seat instanceof Subscription && seat.owner instanceof Connection) {
        seat.owner.lose(seat, code);
      }
    }
  }

  #countSubscriptions(): number {
    let count = 0;
    for (const connection of this.#connections) {
      count += connection.subscriptions.size;
    }
    return count;
  }
}
