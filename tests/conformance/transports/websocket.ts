import type { Nodes } from "../target.ts";
import { names } from "./channel-pattern.ts";
import { type Json, readMessage } from "./read-message.ts";
import {
  type Arrival,
  type OpenOptions,
  PATIENCE_MS,
  type Position,
  type Stream,
  type Transport,
} from "./transport.ts";
import { WebSocketSession } from "./websocket-session.ts";

/** A session that is authenticated, or anonymous without a token. */
export async function connectWebSocket(
  nodes: Nodes,
  token: string | undefined,
  batch?: true,
): Promise<{ readonly session: WebSocketSession; readonly connected: Json }> {
  const session = await WebSocketSession.open(new URL("/v1/ws", nodes.next()));
  try {
    const { message: connected } = await session.ask({ type: "connect", token, batch });
    if (connected["batch"] !== batch) {
      throw new TypeError(`"batch" is ${String(connected["batch"])}, and was ${String(batch)} in connect`);
    }
    return { session, connected };
  } catch (error) {
    await session.close();
    throw error;
  }
}

export function websocketTransport(nodes: Nodes, name: "websocket" | "batching websocket"): Transport {
  const batch = name === "batching websocket" ? true : undefined;
  return {
    name,
    open: async (options) => {
      const { session, connected } = await connectWebSocket(nodes, options.token, batch);
      const stream = new WebSocketStream(session, Number(connected["pingInterval"]));
      try {
        await stream.subscribe(options);
      } catch (error) {
        await session.close();
        throw error;
      }
      return stream;
    },
  };
}

class WebSocketStream implements Stream {
  readonly isAtPosition = true;
  readonly #session: WebSocketSession;
  readonly #pingIntervalMs: number;
  readonly #position = new Map<string, string>();

  constructor(session: WebSocketSession, pingIntervalMs: number) {
    this.#session = session;
    this.#pingIntervalMs = pingIntervalMs;
  }

  async subscribe({ channels, resume }: OpenOptions): Promise<void> {
    for (const channel of channels) {
      const since = typeof resume === "string" ? resume : resume?.get(channel);
      const { message } = await this.#session.ask({ type: "subscribe", channel, since });
      const { cursor, resumed } = message;
      if (typeof cursor === "string") {
        this.#position.set(channel, cursor);
      }
      if ((resumed !== undefined) !== (since !== undefined)) {
        throw new TypeError(`"resumed" is ${String(resumed)}, and "since" was ${String(since)}`);
      }
    }
  }

  async next(timeoutMs?: number): Promise<Arrival> {
    for (;;) {
      const { message, text } = await this.#session.arrivals.take("a message", timeoutMs);
      const { type, cursor } = message;
      if (type === "message") {
        const received = readMessage(message, text);
        this.#advance(received.cursor, (name) => names(name, received.channel));
        return { kind: "message", message: received };
      }
      if (type === "reset") {
        const channel = String(message["channel"]);
        this.#advance(cursor, (name) => name === channel);
        return { kind: "reset", channel, reason: String(message["reason"]) };
      }
      if (type !== "ping") {
        throw new TypeError(`unexpected: ${text}`);
      }
      this.#advance(cursor, () => true);
    }
  }

  position(): Position {
    return new Map(this.#position);
  }

  async checkpoint(): Promise<string> {
    const deadline = performance.now() + 2 * this.#pingIntervalMs + PATIENCE_MS;
    for (;;) {
      const { message, text } = await this.#session.arrivals.take(
        "a checkpoint",
        deadline - performance.now(),
      );
      const { type, cursor } = message;
      if (type !== "ping") {
        throw new TypeError(`expected nothing but a checkpoint: ${text}`);
      }
      if (typeof cursor === "string") {
        this.#advance(cursor, () => true);
        return cursor;
      }
    }
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #advance(cursor: unknown, covers: (name: string) => boolean): void {
    if (typeof cursor === "string") {
      for (const name of this.#position.keys()) {
        if (covers(name)) {
          this.#position.set(name, cursor);
        }
      }
    }
  }
}
