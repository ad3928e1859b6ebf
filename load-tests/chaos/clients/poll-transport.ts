import { type Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { asNumbered } from "../numbered-payload.ts";
import {
  type Attempt,
  addressQuery,
  LOOPBACK,
  parseRecord,
  type Subscription,
  type Transport,
  type TransportEvents,
} from "./transport.ts";

export interface PollOptions {
  /** How long the node may keep a request waiting; 0: it answers at once. */
  readonly timeoutMs: number;
  /** Pause between an answer and the next request. */
  readonly pauseMs: number;
}

type Answer = Readonly<Record<string, unknown>>;

/** Polling, long or short, as a page does it with `fetch`. */
export class PollTransport implements Transport {
  readonly #subscription: Subscription;
  readonly #agent: Agent;
  readonly #options: PollOptions;
  #cursor: string | undefined;
  #tag: string | undefined;

  constructor(subscription: Subscription, agent: Agent, options: PollOptions) {
    this.#subscription = subscription;
    this.#agent = agent;
    this.#options = options;
  }

  start(port: number, events: TransportEvents): Attempt {
    let over = false;
    let ready = false;
    let outgoing: ClientRequest | undefined;
    let pause: NodeJS.Timeout | undefined;
    const end = (reason: string, retryMs?: number): void => {
      if (!over) {
        over = true;
        outgoing?.destroy();
        events.onEnded(reason, retryMs);
      }
    };
    const next = (): void => {
      if (!over) {
        pause = setTimeout(ask, ready ? this.#options.pauseMs : 0);
      }
    };
    const take = (response: IncomingMessage, body: string): void => {
      const resumesFrom = this.#cursor;
      const status = response.statusCode ?? 0;
      const answer = status === 200 ? parseRecord(body) : {};
      if (over) {
        return;
      }
      if ((status !== 200 && status !== 304) || answer === undefined) {
        end(`status ${status}`, Number(response.headers["retry-after"] ?? 0) * 1000);
        return;
      }
      if (status === 200) {
        this.#tag = response.headers.etag;
        const problem = this.#take(answer, events);
        if (problem !== undefined) {
          end(problem);
          return;
        }
      }
      if (!ready) {
        ready = true;
        events.onReady(resumesFrom !== undefined && answer["reset"] === undefined);
      }
      next();
    };
    const ask = (): void => {
      // The first answer comes at once, so that the time until it says how long the client was without a node.
      outgoing = this.#request(port, ready ? this.#options.timeoutMs : 0);
      outgoing.on("response", (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => take(response, body));
        response.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      outgoing.end();
    };
    ask();
    return {
      close: () => {
        over = true;
        clearTimeout(pause);
        outgoing?.destroy();
      },
    };
  }

  #request(port: number, timeoutMs: number): ClientRequest {
    const { channels, token } = this.#subscription;
    const query = { channels: channels.join(","), cursor: this.#cursor, timeout: String(timeoutMs) };
    return request({
      host: LOOPBACK,
      port,
      path: `/v1/poll?${addressQuery(query)}`,
      agent: this.#agent,
      headers: {
        authorization: `Bearer ${token}`,
        ...(this.#tag === undefined ? {} : { "if-none-match": this.#tag }),
      },
    });
  }

  /** @returns what is wrong with the answer. */
  #take(answer: Answer, events: TransportEvents): string | undefined {
    const { messages, cursor, reset } = answer;
    if (!Array.isArray(messages) || typeof cursor !== "string") {
      return "an answer without messages or cursor";
    }
    for (const { channel, reason } of Array.isArray(reset) ? reset : []) {
      events.onReset(String(channel), String(reason), undefined);
    }
    for (const { channel, data } of messages) {
      const message = asNumbered(data);
      if (message !== undefined) {
        events.onMessage(String(channel), message);
      }
    }
    this.#cursor = cursor;
    return undefined;
  }
}
