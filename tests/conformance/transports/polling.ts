import { setTimeout as delay } from "node:timers/promises";
import type { Nodes } from "../target.ts";
import { accepted, exchange } from "./http-client.ts";
import { type Json, readMessage } from "./read-message.ts";
import { oneCursor } from "./sse.ts";
import {
  type Arrival,
  type OpenOptions,
  PATIENCE_MS,
  type Position,
  Silence,
  type Stream,
  type Transport,
  type TransportName,
} from "./transport.ts";

/** Between two short polls. */
const PAUSE_MS = 40;

export interface PollOptions {
  readonly channels: readonly string[];
  readonly token: string | undefined;
  readonly cursor?: string | undefined;
  readonly timeoutMs?: number;
  readonly limit?: number;
}

export interface PollAnswer {
  readonly arrivals: readonly Arrival[];
  readonly cursor: string | undefined;
}

/** One poll. @throws Refusal */
export async function poll(nodes: Nodes, options: PollOptions): Promise<PollAnswer> {
  const { channels, token, cursor, timeoutMs = 0, limit } = options;
  const exchanged = await exchange(nodes, "/v1/poll", {
    query: {
      channels: channels.join(","),
      cursor,
      timeout: String(timeoutMs),
      limit: limit === undefined ? undefined : String(limit),
    },
    token,
    timeoutMs: timeoutMs + PATIENCE_MS,
  });
  const answer = accepted(exchanged);
  const resets = list(answer["reset"]).map(
    ({ channel, reason }): Arrival => ({ kind: "reset", channel: String(channel), reason: String(reason) }),
  );
  const messages = list(answer["messages"]).map(
    (message): Arrival => ({ kind: "message", message: readMessage(message, exchanged.text) }),
  );
  const next = answer["cursor"];
  return { arrivals: [...resets, ...messages], cursor: typeof next === "string" ? next : undefined };
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function longPolling(nodes: Nodes): Transport {
  return pollingTransport("long polling", nodes, (leftMs) => Math.min(Math.max(leftMs, 0), 25_000));
}

export function shortPolling(nodes: Nodes): Transport {
  return pollingTransport("short polling", nodes, () => 0);
}

function pollingTransport(name: TransportName, nodes: Nodes, wait: (leftMs: number) => number): Transport {
  return {
    name,
    open: async (options) => {
      const stream = new PollStream(nodes, options, wait);
      await stream.begin();
      return stream;
    },
  };
}

class PollStream implements Stream {
  readonly #nodes: Nodes;
  readonly #options: OpenOptions;
  readonly #wait: (leftMs: number) => number;
  #cursor: string | undefined;
  #arrivals: Arrival[] = [];

  constructor(nodes: Nodes, options: OpenOptions, wait: (leftMs: number) => number) {
    this.#nodes = nodes;
    this.#options = options;
    this.#wait = wait;
    this.#cursor = oneCursor(options.resume);
  }

  /** The first answer comes at once: it gives the cursor to begin with, or says what is wrong. */
  async begin(): Promise<void> {
    await this.#poll(0);
  }

  async next(timeoutMs = PATIENCE_MS): Promise<Arrival> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const arrival = this.#arrivals.shift();
      if (arrival !== undefined) {
        return arrival;
      }
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new Silence("a message", timeoutMs);
      }
      const wait = Math.round(this.#wait(left));
      await this.#poll(wait);
      if (this.#arrivals.length === 0 && wait === 0) {
        await delay(PAUSE_MS);
      }
    }
  }

  get isAtPosition(): boolean {
    return this.#arrivals.length === 0;
  }

  position(): Position {
    const cursor = this.#cursor;
    return new Map(
      cursor === undefined ? [] : this.#options.channels.map((channel) => [channel, cursor] as const),
    );
  }

  async checkpoint(): Promise<string> {
    if (this.#cursor === undefined || this.#arrivals.length > 0) {
      throw new TypeError("there is no checkpoint");
    }
    return this.#cursor;
  }

  async close(): Promise<void> {
    // Nothing is open between polls.
  }

  async #poll(timeoutMs: number): Promise<void> {
    const { channels, token } = this.#options;
    const answer = await poll(this.#nodes, { channels, token, cursor: this.#cursor, timeoutMs });
    this.#arrivals = [...answer.arrivals];
    this.#cursor = answer.cursor;
  }
}
