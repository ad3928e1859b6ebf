import { type Agent, type IncomingMessage, request } from "node:http";
import { asNumbered } from "../numbered-payload.ts";
import { EventStreamParser } from "./event-stream-parser.ts";
import {
  type Attempt,
  addressQuery,
  LOOPBACK,
  onlySequence,
  parseRecord,
  type Subscription,
  type Transport,
  type TransportEvents,
} from "./transport.ts";

/** Server-Sent Events, as a browser's EventSource does it. */
export class EventStreamTransport implements Transport {
  readonly #subscription: Subscription;
  readonly #agent: Agent;
  #lastEventId = "";

  constructor(subscription: Subscription, agent: Agent) {
    this.#subscription = subscription;
    this.#agent = agent;
  }

  start(port: number, events: TransportEvents): Attempt {
    const { channels, token } = this.#subscription;
    const from = this.#lastEventId;
    let over = false;
    let ready = false;
    let reset = false;
    let retryMs: number | undefined;
    const end = (reason: string): void => {
      if (!over) {
        over = true;
        outgoing.destroy();
        events.onEnded(reason, retryMs);
      }
    };
    const parser = new EventStreamParser(
      {
        onEvent: (event, data) => {
          const value = parseRecord(data);
          const message = asNumbered(value);
          if (event === "tidegate.reset") {
            reset = true;
            events.onReset(
              String(value?.["channel"]),
              String(value?.["reason"]),
              onlySequence(parser.lastEventId),
            );
          } else if (event === "tidegate.end") {
            end(`told to end: ${String(value?.["code"])}`);
          } else if (message !== undefined) {
            events.onMessage(undefined, message);
          }
        },
        onRetry: (milliseconds) => {
          retryMs = milliseconds;
        },
      },
      from,
    );
    const read = (text: string): void => {
      if (over) {
        return;
      }
      parser.push(text);
      this.#lastEventId = parser.lastEventId;
      // Before the first id the client has nothing to come back with, so it does not count as served.
      if (!over && !ready && parser.lastEventId !== "") {
        ready = true;
        events.onReady(from !== "" && !reset);
      }
    };
    const outgoing = request({
      host: LOOPBACK,
      port,
      path: `/v1/sse?${addressQuery({ channels: channels.join(",") })}`,
      agent: this.#agent,
      headers: {
        accept: "text/event-stream",
        authorization: `Bearer ${token}`,
        ...(from === "" ? {} : { "last-event-id": from }),
      },
    });
    outgoing.on("response", (response: IncomingMessage) => {
      const type = response.headers["content-type"] ?? "no type";
      if (response.statusCode !== 200 || !type.startsWith("text/event-stream")) {
        end(`status ${response.statusCode} ${type}`);
        return;
      }
      response.setEncoding("utf8");
      response.on("data", read);
      response.on("end", () => end("end of stream"));
      response.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    outgoing.on("close", () => end("closed"));
    outgoing.end();
    return {
      close: () => {
        over = true;
        outgoing.destroy();
      },
    };
  }
}
