import type { Nodes } from "../target.ts";
import { ArrivalQueue } from "./arrival-queue.ts";
import { EventStreamParser, type StreamBlock } from "./event-stream-parser.ts";
import { address, bearer, refusalOf } from "./http-client.ts";
import { readMessage, readObject } from "./read-message.ts";
import {
  type Arrival,
  type OpenOptions,
  PATIENCE_MS,
  type Position,
  type Stream,
  type Transport,
} from "./transport.ts";

export interface SseOptions extends OpenOptions {
  readonly format?: "raw" | "json";
  /** Where the cursor of `resume` goes. Default `header`. */
  readonly resumeBy?: "header" | "parameter";
}

/** One cursor for all channels, as an event stream and a poll have it. */
export function oneCursor(resume: OpenOptions["resume"]): string | undefined {
  if (resume === undefined || typeof resume === "string") {
    return resume;
  }
  const cursors = new Set(resume.values());
  if (cursors.size > 1) {
    throw new TypeError("these channels have cursors of their own, and this transport takes one for all");
  }
  return [...cursors][0];
}

export function sseTransport(nodes: Nodes): Transport {
  return {
    name: "sse",
    open: async (options) => {
      const stream = await openEventStream(nodes, { ...options, format: "json" });
      await stream.begun(options.live);
      return stream;
    },
  };
}

/** @throws Refusal for a status that is not 200. */
export async function openEventStream(nodes: Nodes, options: SseOptions): Promise<EventStream> {
  const { channels, token, format, resumeBy = "header" } = options;
  const cursor = oneCursor(options.resume);
  const abort = new AbortController();
  const query = {
    channels: channels.join(","),
    format,
    last_event_id: resumeBy === "parameter" ? cursor : undefined,
  };
  const response = await fetch(address(nodes.next(), "/v1/sse", query), {
    headers: {
      accept: "text/event-stream",
      ...bearer(token),
      ...(cursor === undefined || resumeBy === "parameter" ? {} : { "last-event-id": cursor }),
    },
    signal: abort.signal,
  });
  if (response.status !== 200 || response.body === null) {
    throw refusalOf(response.status, await response.text());
  }
  return new EventStream(response.headers, response.body, abort, channels, cursor);
}

/** An event stream as its reader sees it. */
export class EventStream implements Stream {
  readonly isAtPosition = true;
  readonly headers: Headers;
  /** What it has read besides events. */
  readonly parser = new EventStreamParser();
  readonly #blocks = new ArrivalQueue<StreamBlock>();
  readonly #abort: AbortController;
  readonly #channels: readonly string[];
  readonly #began: Promise<void>;
  readonly #ended: Promise<void>;
  #lastEventId: string;

  constructor(
    headers: Headers,
    body: ReadableStream<Uint8Array>,
    abort: AbortController,
    channels: readonly string[],
    lastEventId: string | undefined,
  ) {
    this.headers = headers;
    this.#abort = abort;
    this.#channels = channels;
    // EventSource keeps it over its reconnects.
    this.#lastEventId = lastEventId ?? "";
    const began = Promise.withResolvers<void>();
    this.#began = began.promise;
    this.#ended = this.#read(body, began.resolve);
  }

  /** The first checkpoint is there, or an event. There is none if all channels are live, and then nothing to wait for. */
  async begun(live = false): Promise<void> {
    if (live) {
      return;
    }
    const timer = setTimeout(() => this.#abort.abort(), PATIENCE_MS);
    await this.#began;
    clearTimeout(timer);
  }

  /** The next block, as it came. */
  async block(timeoutMs?: number): Promise<StreamBlock> {
    const block = await this.#blocks.take("an event", timeoutMs);
    this.#lastEventId = block.lastEventId;
    return block;
  }

  async next(timeoutMs?: number): Promise<Arrival> {
    for (;;) {
      const { event, data } = await this.block(timeoutMs);
      if (data === undefined) {
        continue;
      }
      if (event === "tidegate.reset") {
        const { channel, reason } = readObject(data);
        return { kind: "reset", channel: String(channel), reason: String(reason) };
      }
      if (event.startsWith("tidegate.")) {
        throw new TypeError(`unexpected: ${event} ${data}`);
      }
      const message = readMessage(readObject(data), data);
      if ((message.event ?? "message") !== event) {
        throw new TypeError(`"event:" is ${event}, and the message says ${String(message.event)}`);
      }
      return { kind: "message", message };
    }
  }

  position(): Position {
    return new Map(
      this.#lastEventId === "" ? [] : this.#channels.map((channel) => [channel, this.#lastEventId] as const),
    );
  }

  async checkpoint(): Promise<string> {
    while (this.#lastEventId === "") {
      await this.block();
    }
    return this.#lastEventId;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#ended;
  }

  /** Settles when the node ends the stream, or `close` does. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  async #read(body: ReadableStream<Uint8Array>, began: () => void): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of body) {
        for (const block of this.parser.push(decoder.decode(bytes, { stream: true }))) {
          // A checkpoint is nothing to wait for: with nothing before it, it counts at once.
          if (block.data === undefined && this.#blocks.isEmpty) {
            this.#lastEventId = block.lastEventId;
          } else {
            this.#blocks.push(block);
          }
          began();
        }
      }
      this.#blocks.fail(new Error("the node ended the stream"));
    } catch (error) {
      this.#blocks.fail(new Error("the stream broke", { cause: error }));
    }
    began();
  }
}
