import type { GatewayBroker } from "../gateway-broker.ts";
import type { CloseCause } from "../instruments.ts";

export interface LifecycleEventsOptions {
  readonly node: string;
  readonly broker: Pick<GatewayBroker, "announce">;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Of those who stay: a poll comes and goes with every answer. */
type AnnouncedTransport = "websocket" | "sse";

/** A client whose coming and going is announced. */
export interface AnnouncedConnection {
  readonly transport: AnnouncedTransport;
  readonly connection: string;
  /** `undefined` for one without a token. */
  readonly user: string | undefined;
}

/**
 * Tells backends and webhooks what happens on this node. At most once: nothing is announced while there is no link to NATS, or by a node
 * that is killed, and nobody waits for an announcement. The broker counts those that it refuses.
 */
export class LifecycleEvents {
  readonly #options: LifecycleEventsOptions;

  constructor(options: LifecycleEventsOptions) {
    this.#options = options;
  }

  connectionOpened(who: AnnouncedConnection): void {
    this.#announce("connection.opened", who);
  }

  /** @param cause the name of the close code, or who ended it. */
  connectionClosed(who: AnnouncedConnection, cause: CloseCause): void {
    this.#announce("connection.closed", { ...who, cause });
  }

  channelOccupied(channel: string): void {
    this.#announce("channel.occupied", { channel });
  }

  channelVacated(channel: string): void {
    this.#announce("channel.vacated", { channel });
  }

  #announce(type: string, details: object): void {
    const { node, broker, now } = this.#options;
    broker.announce(type, Buffer.from(JSON.stringify({ type, at: now(), node, ...details })));
  }
}
