import type { NatsConnection, Status } from "@nats-io/transport-node";
import {
  AuthorizationError,
  PermissionViolationError,
  UserAuthenticationExpiredError,
} from "@nats-io/transport-node";
import { BrokerError } from "./broker-error.ts";
import type { BrokerOptions } from "./broker-options.ts";
import type { Faults } from "./faults.ts";
import { destroySocket } from "./nats-internals.ts";

/**
 * - `connected`: messages flow.
 * - `disconnected`: nothing is sent or received; reconnecting goes on for as long as it takes.
 * - `closed`: drained, or ended for good. Final.
 */
export type BrokerState = "connected" | "disconnected" | "closed";

type LinkState =
  | { readonly kind: "connected" }
  | { readonly kind: "disconnected" }
  | { readonly kind: "closed"; readonly error: BrokerError | undefined };

export interface LinkCounters {
  readonly reconnects: number;
  readonly disconnects: number;
  readonly staleConnections: number;
  readonly slowConsumers: number;
  readonly serverErrors: number;
}

type DeniedListener = (operation: "publish" | "subscription", subject: string) => void;

/** nats.js tears down a stale connection within a tick, unless its last write is stuck. */
const STALE_TEARDOWN_MS = 500;

const SLOW_CONSUMER = /slow consumer/i;

/**
 * The NATS connection as a state machine, fed by the one status iterator that lives as long as the connection.
 * Listeners are called in the order they were added: those of this package come first.
 */
export class Link {
  readonly nats: NatsConnection;
  /** Resolves when the link is closed: with an error unless closing was asked for. */
  readonly closed: Promise<BrokerError | undefined>;
  readonly #options: BrokerOptions;
  readonly #faults: Faults;
  readonly #resolveClosed: (error: BrokerError | undefined) => void;
  readonly #stateListeners = new Set<(state: BrokerState) => void>();
  readonly #deniedListeners = new Set<DeniedListener>();
  readonly #counters = {
    reconnects: 0,
    disconnects: 0,
    staleConnections: 0,
    slowConsumers: 0,
    serverErrors: 0,
  };
  #state: LinkState = { kind: "connected" };
  #epoch = 1;
  #closing = false;
  #lameDuckTimer: NodeJS.Timeout | undefined;
  #teardownTimer: NodeJS.Timeout | undefined;

  constructor(nats: NatsConnection, options: BrokerOptions, faults: Faults) {
    this.nats = nats;
    this.#options = options;
    this.#faults = faults;
    const closed = Promise.withResolvers<BrokerError | undefined>();
    this.closed = closed.promise;
    this.#resolveClosed = closed.resolve;
    void this.#watch();
    void nats.closed().then((reason) => this.#becomeClosed(reason instanceof Error ? reason : undefined));
  }

  get state(): BrokerState {
    return this.#state.kind;
  }

  /** Whether new subscriptions and requests are taken: connected, and not about to close. */
  get open(): boolean {
    return this.#state.kind === "connected" && !this.#closing;
  }

  /** Number of the current connection, from 1; what was confirmed under another number has to be confirmed again. */
  get epoch(): number {
    return this.#epoch;
  }

  get counters(): LinkCounters {
    return this.#counters;
  }

  /** The error for a call that needs a connection and finds none. */
  refusal(): BrokerError {
    if (this.#state.kind === "closed" && this.#state.error !== undefined) return this.#state.error;
    return this.#closing
      ? new BrokerError("closed", "the broker is closed")
      : new BrokerError("unavailable", "there is no connection to NATS");
  }

  onState(listener: (state: BrokerState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** Permission errors arrive without saying which call they answer: only operation and subject are known. */
  onDenied(listener: DeniedListener): void {
    this.#deniedListeners.add(listener);
  }

  /** From here on a close is expected, and new work is refused as `closed`. */
  announceClose(): void {
    this.#closing = true;
  }

  /** Closes at once. Whoever drains does so before. */
  async close(): Promise<void> {
    this.announceClose();
    await this.nats.close();
    // A dial that was in flight keeps its socket, and with it the process.
    destroySocket(this.nats);
    this.#becomeClosed(undefined);
  }

  async #watch(): Promise<void> {
    for await (const status of this.nats.status()) this.#onStatus(status);
  }

  #onStatus(status: Status): void {
    switch (status.type) {
      case "disconnect":
        this.#become("disconnected");
        this.#clearTimers();
        return;
      case "reconnect":
        this.#become("connected");
        return;
      case "staleConnection":
        this.#onStale();
        return;
      case "ldm":
        this.#leaveLameDuck();
        return;
      case "slowConsumer":
        this.#counters.slowConsumers += 1;
        return;
      case "error":
        this.#onServerError(status.error);
        return;
    }
  }

  #onStale(): void {
    this.#counters.staleConnections += 1;
    // Whatever is written now is lost, so callers learn it before the socket is gone.
    this.#become("disconnected");
    this.#teardownTimer ??= setTimeout(() => {
      this.#teardownTimer = undefined;
      // Without its socket the connection cannot be revived, only replaced: let the service restart.
      if (!destroySocket(this.nats)) void this.nats.close();
    }, STALE_TEARDOWN_MS);
  }

  /**
   * A server that is about to shut down only says so; it drops its clients later, in bulk. Leaving earlier, spread over
   * time, avoids the crowd. With no other server known, staying until the end loses less.
   */
  #leaveLameDuck(): void {
    if (this.nats.getServers().length < 2) return;
    this.#lameDuckTimer ??= setTimeout(() => {
      this.#lameDuckTimer = undefined;
      this.nats.reconnect().catch(() => {
        // Closing or closed: nothing to leave.
      });
    }, Math.random() * this.#options.lameDuckJitterMs);
  }

  #onServerError(error: Error): void {
    if (error instanceof PermissionViolationError) {
      for (const listener of this.#deniedListeners) listener(error.operation, error.subject);
      this.#faults.report(new BrokerError("denied", error.message));
      return;
    }
    this.#counters.serverErrors += 1;
    if (SLOW_CONSUMER.test(error.message)) this.#counters.slowConsumers += 1;
    const refused = error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError;
    this.#faults.report(new BrokerError(refused ? "denied" : "server_error", error.message));
  }

  #becomeClosed(reason: Error | undefined): void {
    if (this.#state.kind === "closed") return;
    const error = this.#closing
      ? undefined
      : new BrokerError("connection_lost", reason?.message ?? "nats.js closed the connection", {
          cause: reason,
        });
    this.#clearTimers();
    this.#enter({ kind: "closed", error });
    this.#resolveClosed(error);
  }

  #become(kind: "connected" | "disconnected"): void {
    if (this.#state.kind === kind || this.#state.kind === "closed") return;
    if (kind === "connected") {
      this.#counters.reconnects += 1;
      this.#epoch += 1;
    } else {
      this.#counters.disconnects += 1;
    }
    this.#enter({ kind });
  }

  #enter(state: LinkState): void {
    this.#state = state;
    for (const listener of [...this.#stateListeners]) {
      this.#faults.run("a state listener", () => listener(state.kind));
    }
  }

  #clearTimers(): void {
    clearTimeout(this.#lameDuckTimer);
    clearTimeout(this.#teardownTimer);
    this.#lameDuckTimer = undefined;
    this.#teardownTimer = undefined;
  }
}
