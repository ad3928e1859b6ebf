import type { ClientPlan } from "../client-plan.ts";
import { LoadTestError } from "../load-test-error.ts";
import { type OpeningBytes, openingBytes } from "./opening-bytes.ts";
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

/** Clients in this process, of one server or of several that share them. */
export class Swarm {
  readonly #ports: readonly number[];
  readonly #openings: readonly OpeningBytes[];
  readonly #clients: SwarmClient[] = [];
  readonly #failed = Promise.withResolvers<never>();
  readonly #events: ClientEvents;
  #sink: FrameSink = () => {};
  #ready = 0;
  #onReady = (): void => {};

  /** @param plans in the order in which they are opened. All their bytes are made here, before a clock starts. */
  constructor(ports: readonly number[], plans: readonly ClientPlan[]) {
    this.#ports = ports;
    this.#openings = plans.map(openingBytes);
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
   * Opens the next clients of the plan and resolves when all are ready. They stay until {@link close}.
   *
   * @throws LoadTestError `connect_failed` or `connection_lost` at the first client that fails; the reason of the signal.
   */
  async open(count: number, { inFlight, signal }: OpenOptions): Promise<void> {
    signal.throwIfAborted();
    const wanted = Math.min(this.#clients.length + count, this.#openings.length);
    const done = Promise.withResolvers<void>();
    const onAbort = (): void => done.reject(signal.reason);
    const fill = (): void => {
      while (this.#clients.length < wanted && this.#clients.length - this.#ready < inFlight) {
        const index = this.#clients.length;
        const opening = this.#openings[index];
        const port = this.#ports[index % this.#ports.length];
        if (opening !== undefined && port !== undefined) {
          this.#clients.push(new SwarmClient(index, port, opening, this.#events));
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

  /** Closes the last of them at once; all, if no number is given. They can be opened again. */
  close(count: number = this.#clients.length): void {
    const closed = this.#clients.splice(Math.max(0, this.#clients.length - count));
    for (const client of closed) {
      this.#ready -= client.ready ? 1 : 0;
      client.close();
    }
  }
}
