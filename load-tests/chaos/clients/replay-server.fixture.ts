import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

interface Held {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Stands for a gateway node: one channel, whose messages it numbers, over event streams and polling. */
export class ReplayServer implements AsyncDisposable {
  readonly port: number;
  /** What clients came back with, in the order in which they came. */
  readonly cursors: (string | undefined)[] = [];
  readonly #server: Server;
  readonly #messages: string[];
  readonly #streams = new Set<Held>();
  readonly #polls = new Set<Held>();

  private constructor(server: Server, port: number, messages: string[]) {
    this.#server = server;
    this.port = port;
    this.#messages = messages;
    server.on("request", (request: IncomingMessage, response: ServerResponse) =>
      this.#answer({ request, response }),
    );
  }

  /** @param messages shared by all servers of a test, as a stream is */
  static async start(messages: string[]): Promise<ReplayServer> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return new ReplayServer(
      server,
      typeof address === "object" && address !== null ? address.port : 0,
      messages,
    );
  }

  /** Tells everybody who waits of the messages that they do not have. */
  announce(): void {
    const last = this.#messages.length;
    for (const { response } of this.#streams) {
      response.write(event(last, this.#messages[last - 1] ?? ""));
    }
    for (const held of this.#polls) {
      this.#answerPoll(held);
    }
    this.#polls.clear();
  }

  /** Ends all connections as a node does that is killed. */
  kill(): void {
    this.#server.close();
    for (const { request } of [...this.#streams, ...this.#polls]) {
      request.socket.resetAndDestroy();
    }
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
  }

  #answer(held: Held): void {
    const { request, response } = held;
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    if (pathname === "/v1/sse") {
      const id = request.headers["last-event-id"];
      const cursor = typeof id === "string" ? id : undefined;
      this.cursors.push(cursor);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": hi\nretry: 5\n\n");
      const from = cursor === undefined ? this.#messages.length : sequenceOf(cursor);
      response.write(`id: ${cursorOf(from)}\n\n`);
      for (const [index, message] of this.#messages.slice(from).entries()) {
        response.write(event(from + index + 1, message));
      }
      this.#streams.add(held);
      return;
    }
    const cursor = searchParams.get("cursor") ?? undefined;
    this.cursors.push(cursor);
    const hasNews = cursor === undefined || sequenceOf(cursor) < this.#messages.length;
    if (hasNews || searchParams.get("timeout") === "0") {
      this.#answerPoll(held);
    } else {
      this.#polls.add(held);
    }
  }

  #answerPoll({ request, response }: Held): void {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const cursor = searchParams.get("cursor") ?? cursorOf(this.#messages.length);
    const messages = this.#messages.slice(sequenceOf(cursor)).map((text) => {
      const data: unknown = JSON.parse(text);
      return { channel: "chat.r0", data };
    });
    const tag = `"${cursorOf(this.#messages.length)}"`;
    if (request.headers["if-none-match"] === tag && messages.length === 0) {
      response.writeHead(304).end();
      return;
    }
    response.writeHead(200, { etag: tag });
    response.end(JSON.stringify({ messages, cursor: cursorOf(this.#messages.length) }));
  }
}

function cursorOf(sequence: number): string {
  return `abcdefgh-${sequence.toString(36)}`;
}

function sequenceOf(cursor: string): number {
  return Number.parseInt(cursor.split("-")[1] ?? "", 36);
}

function event(sequence: number, message: string): string {
  return `id: ${cursorOf(sequence)}\ndata: ${message}\n\n`;
}
