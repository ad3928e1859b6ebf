import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { openRawSocket, type RawSocket, waitUntil } from "@tidegate/testkit";
import { ChunkedBody } from "./chunked-body.ts";
import { type DispatchedEvent, EventSourceParser } from "./event-source-parser.ts";

/** The answer to a request over a socket of its own. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** To wait for the answer; default 5000. */
  readonly timeoutMs?: number;
}

/** The text of a request. Nothing is added but `Host`, and `Content-Length` where there is a body. */
export function requestText(path: string, { method = "GET", headers = {}, body }: RawRequest = {}): string {
  const all: Record<string, string> = {
    Host: "127.0.0.1",
    ...(body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** Makes a request that fetch would not make, and reads the answer. */
export async function rawRequest(
  port: number,
  path: string,
  request: RawRequest = {},
  hasBody = request.method !== "HEAD",
): Promise<RawAnswer> {
  await using socket = await openRawSocket(port);
  await socket.write(requestText(path, request));
  if (request.body !== undefined) {
    await socket.write(request.body);
  }
  return await readAnswer(socket, hasBody, request.timeoutMs);
}

/** Reads one whole answer with a known length. */
export async function readAnswer(socket: RawSocket, hasBody = true, timeoutMs?: number): Promise<RawAnswer> {
  const { status, headers } = await socket.readResponseHead(timeoutMs);
  const length = hasBody ? Number(headers["content-length"] ?? 0) : 0;
  return { status, headers, body: (await socket.readBytes(length)).toString() };
}

/** A client of an event stream that reads it as an EventSource does, and does not come back by itself. */
export class TestEventStream implements AsyncDisposable {
  readonly parser = new EventSourceParser();
  /** Bytes of the body so far. */
  received = 0;
  /** The stream ended: in order, or not. */
  end: "open" | "ended" | "broken" = "open";
  readonly #response: Response;
  readonly #abort: AbortController;
  readonly #reading: Promise<void>;
  #taken = 0;

  private constructor(response: Response, abort: AbortController) {
    this.#response = response;
    this.#abort = abort;
    this.#reading = this.#read();
  }

  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<TestEventStream> {
    const abort = new AbortController();
    return new TestEventStream(await fetch(url, { headers, signal: abort.signal }), abort);
  }

  get status(): number {
    return this.#response.status;
  }

  get headers(): Headers {
    return this.#response.headers;
  }

  get events(): readonly DispatchedEvent[] {
    return this.parser.events;
  }

  /** Takes the next events, waiting for them. */
  async take(count: number, timeoutMs = 5_000): Promise<readonly DispatchedEvent[]> {
    await waitUntil(() => this.events.length >= this.#taken + count || this.end !== "open", {
      message: `${count} events behind the first ${this.#taken}`,
      timeoutMs,
    });
    const taken = this.events.slice(this.#taken, this.#taken + count);
    this.#taken += taken.length;
    return taken;
  }

  async ended(timeoutMs = 5_000): Promise<"ended" | "broken"> {
    await waitUntil(() => this.end !== "open", { message: "the stream to end", timeoutMs });
    return this.end === "ended" ? "ended" : "broken";
  }

  /** Leaves, as a closed tab does. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(): Promise<void> {
    try {
      for await (const chunk of this.#response.body ?? []) {
        this.received += chunk.byteLength;
        this.parser.push(chunk);
      }
      this.end = "ended";
    } catch {
      this.end = "broken";
    }
  }
}

const HEAD_END = "\r\n\r\n";

/** A client of an event stream that can stop reading, as fetch cannot. */
export class StallingEventStream implements AsyncDisposable {
  readonly parser = new EventSourceParser();
  readonly #socket: Socket;
  readonly #body = new ChunkedBody();
  #head: string | undefined;
  #early = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("error", () => {});
  }

  static async open(
    port: number,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<StallingEventStream> {
    const socket = connect(port, "127.0.0.1");
    const stream = new StallingEventStream(socket);
    socket.write(requestText(path, { headers }));
    await waitUntil(() => stream.#head !== undefined, { message: "the head of the answer" });
    return stream;
  }

  get events(): readonly DispatchedEvent[] {
    return this.parser.events;
  }

  /** Whether the body ended in order. */
  get isComplete(): boolean {
    return this.#body.isComplete;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#socket.closed) {
      this.#socket.destroy();
      await once(this.#socket, "close");
    }
  }

  #receive(bytes: Buffer): void {
    if (this.#head !== undefined) {
      this.parser.push(this.#body.push(bytes));
      return;
    }
    this.#early = Buffer.concat([this.#early, bytes]);
    const end = this.#early.indexOf(HEAD_END);
    if (end !== -1) {
      this.#head = this.#early.toString("latin1", 0, end);
      this.parser.push(this.#body.push(this.#early.subarray(end + HEAD_END.length)));
    }
  }
}
