import type { NatsConnection } from "@nats-io/transport-node";
import type { BrokerOptionsInput } from "@tidegate/broker";
import { connectToNats, resolveBrokerOptions } from "@tidegate/broker";

export type NatsLinkState = "connected" | "disconnected" | "closed";

/** A connection to NATS and whether it can be used now. nats.js alone would take messages into memory while there is no server. */
export class NatsLink {
  readonly nats: NatsConnection;
  /** Resolves if the connection ended for good without having been closed: the process can do nothing more. */
  readonly failed: Promise<Error>;
  readonly #listeners = new Set<(state: NatsLinkState) => void>();
  #state: NatsLinkState = "connected";
  #closing = false;

  /** Connected; for {@link openNatsLink}. */
  constructor(nats: NatsConnection) {
    this.nats = nats;
    void this.#watch();
    this.failed = new Promise((resolve) => {
      void nats.closed().then((reason) => {
        this.#enter("closed");
        if (!this.#closing) {
          resolve(reason instanceof Error ? reason : new Error("the connection to NATS was closed"));
        }
      });
    });
  }

  get connected(): boolean {
    return this.#state === "connected";
  }

  /** @returns a function that takes the listener away again. */
  onState(listener: (state: NatsLinkState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends what is still to be sent, for `timeoutMs` at most, and closes. Idempotent. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    if (this.connected) {
      const late = new Promise<void>((resolve) => setTimeout(resolve, timeoutMs).unref());
      await Promise.race([this.nats.flush().catch(() => {}), late]);
    }
    await this.nats.close();
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.nats.status()) {
      if (type === "reconnect") this.#enter("connected");
      // A stale connection is given up, and what is written to it is lost.
      else if (type === "disconnect" || type === "staleConnection") this.#enter("disconnected");
    }
  }

  #enter(state: NatsLinkState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

/**
 * Connects as a broker does, and with its defaults.
 *
 * @throws BrokerError as `connectBroker`; TypeError for an option that is wrong.
 */
export async function openNatsLink(options: BrokerOptionsInput, signal: AbortSignal): Promise<NatsLink> {
  return new NatsLink(await connectToNats(resolveBrokerOptions(options), signal));
}
