import { LoadTestError } from "../load-test-error.ts";
import type { ClientPlan } from "./client-plan.ts";
import { type ClientEvents, SwarmClient } from "./swarm-client.ts";

/** Takes the frames of clients that are ready. The bytes are only lent. */
export type FrameSink = (client: number, bytes: Buffer, start: number, end: number) => void;

export interface OpenOptions {
  /**
   * Clients that may be between their first packet and being ready. Below the backlog of the server's port (512 for
   * uWebSockets.js): beyond it the kernel drops connection attempts, which come back a second later.
   */
  readonly inFlight: number;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** Clients of one server in this process. */
export class Swarm {
  readonly #port: number;
  readonly #clients: SwarmClient[] = [];
  readonly #failed = Promise.withResolvers<never>();
  readonly #events: ClientEvents;
  #sink: FrameSink = () => {};
  #ready = 0;
  #onReady = (): void => {};

  constructor(port: number) {
    this.#port = port;
    // Whoever waits for something sees it by `orFailure`; at other times it must not end the process.
    this.#failed.promise.catch(() => {});
    this.#events = {
      onReady: () => {
        this.#ready += 1;
        this.#onReady();
      },
      onFrame: (client, bytes, start, end) => this.#sink(client, bytes, start, end),
      onFailed: (reason, wasReady) => {
        this.#failed.reject(new LoadTestError(wasReady ? "connection_lost" : "connect_failed", reason));
      },
    };
  }

  /** Clients that are ready. */
  get size(): number {
    return this.#ready;
  }

  /** Where frames go from now on. */
  deliverTo(sink: FrameSink): void {
    this.#sink = sink;
  }

  /**
   * Adds a client for each plan and resolves when all are ready. The connections stay until {@link close}.
   *
   * @throws LoadTestError `connect_failed` or `connection_lost` at the first client that fails; the reason of the signal.
   */
  async open(plans: readonly ClientPlan[], { inFlight, signal }: OpenOptions): Promise<void> {
    signal.throwIfAborted();
    const wanted = this.#ready + plans.length;
    const done = Promise.withResolvers<void>();
    const onAbort = (): void => done.reject(signal.reason);
    let next = 0;
    const fill = (): void => {
      while (next < plans.length && this.#clients.length - this.#ready < inFlight) {
        const plan = plans[next];
        next += 1;
        if (plan !== undefined) {
          this.#clients.push(new SwarmClient(this.#clients.length, this.#port, plan, this.#events));
        }
      }
      if (this.#ready === wanted) {
        done.resolve();
      }
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#onReady = fill;
    try {
      fill();
      await this.orFailure(done.promise);
    } finally {
      this.#onReady = () => {};
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Waits, but no longer than until the first client fails. */
  orFailure<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise]);
  }

  /** Closes all connections at once. */
  close(): void {
    this.#sink = () => {};
    for (const client of this.#clients.splice(0)) {
      client.close();
    }
  }
}
