import { clearTimeout, setTimeout } from "k6/timers";
import { WebSocket } from "k6/websockets";
import { connected, connectTime, errors, lost, readyTime } from "./metrics.ts";

/** A message of a channel. */
interface ChannelMessage {
  readonly channel: string;
  readonly data?: unknown;
  /** Of a replayable channel. */
  readonly cursor?: string;
}

export interface ClientOptions {
  readonly url: string;
  readonly token: string;
  /** Subscribed to as soon as it is authenticated. */
  readonly channel?: string;
  /** Go on behind this message instead of from now on. */
  readonly since?: string | undefined;
  /** Authenticated, and subscribed if it has a channel. */
  readonly onReady?: (client: GatewayClient) => void;
  readonly onMessage?: (message: ChannelMessage) => void;
  /** It is over, by whomever. */
  readonly onClosed?: () => void;
}

interface ServerMessage extends ChannelMessage {
  readonly type: string;
  readonly id?: number;
}

const READY_LIMIT_MS = 20_000;

/** One connection, as the protocol of the gateway has it. Counts what goes wrong. */
export class GatewayClient {
  readonly #options: ClientOptions;
  readonly #socket: WebSocket;
  readonly #openedAt = Date.now();
  readonly #answers = new Map<number, (answer: ServerMessage) => void>();
  /** An open timer would keep its virtual user waiting. */
  readonly #limit: ReturnType<typeof setTimeout>;
  #nextId = 1;
  #ready = false;
  #closing = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#socket = new WebSocket(options.url);
    this.#socket.onopen = () => this.#greet();
    this.#socket.onmessage = (event) => {
      if (typeof event?.data === "string") {
        // Any text frame may be a batch: a message a line.
        for (const line of event.data.split("\n")) {
          this.#take(JSON.parse(line));
        }
      }
    };
    this.#socket.onclose = () => this.#closed();
    // What it was shows in the rate of clients that got ready.
    this.#socket.onerror = () => {};
    this.#limit = setTimeout(() => this.close(), READY_LIMIT_MS);
  }

  /** Sends a message of the protocol; resolves with the answer to it. Never rejects: what goes wrong is counted. */
  ask(message: { readonly type: string } & Readonly<Record<string, unknown>>): Promise<ServerMessage> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket.send(JSON.stringify({ ...message, id }));
    });
  }

  close(): void {
    this.#closing = true;
    this.#socket.close();
  }

  async #greet(): Promise<void> {
    const { token, channel, since } = this.#options;
    // Only messages of channels come in batches.
    const connect = { type: "connect", token, ...(channel === undefined ? {} : { batch: true }) };
    if (since === undefined) {
      await this.ask(channel === undefined ? connect : { ...connect, channels: [channel] });
      connectTime.add(Date.now() - this.#openedAt);
    } else {
      await this.ask(connect);
      connectTime.add(Date.now() - this.#openedAt);
      await this.ask({ type: "subscribe", channel, since });
    }
    if (channel === undefined) {
      this.#becomeReady();
    }
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case "message":
        this.#options.onMessage?.(message);
        return;
      case "subscribed":
        this.#becomeReady();
        break;
      case "error":
        errors.add(1);
        break;
    }
    if (message.id !== undefined) {
      this.#answers.get(message.id)?.(message);
      this.#answers.delete(message.id);
    }
  }

  #becomeReady(): void {
    if (!this.#ready) {
      this.#ready = true;
      clearTimeout(this.#limit);
      connected.add(true);
      readyTime.add(Date.now() - this.#openedAt);
      this.#options.onReady?.(this);
    }
  }

  #closed(): void {
    clearTimeout(this.#limit);
    if (!this.#ready) {
      connected.add(false);
    } else if (!this.#closing) {
      lost.add(1);
    }
    this.#options.onClosed?.();
  }
}
