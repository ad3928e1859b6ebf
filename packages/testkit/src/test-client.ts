import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { describeError } from "./describe-error.ts";
import { FrameQueue } from "./frame-queue.ts";
import { PATIENCE_MS } from "./patience.ts";
import { messagesOfText, type ReceivedMessage } from "./received-message.ts";
import { TestkitError } from "./testkit-error.ts";

export interface OpenClientOptions {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly origin?: string;
  /** Offer permessage-deflate. Default false. */
  readonly compression?: boolean;
  /** Answer pings. Default true; false plays a peer that has died. */
  readonly answerPings?: boolean;
}

/** Anything that arrived, as it came. */
export type ReceivedFrame =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly binary: Buffer }
  | { readonly kind: "ping"; readonly binary: Buffer }
  | { readonly kind: "pong"; readonly binary: Buffer };

/** How the opening handshake ended. */
export type Handshake =
  | { readonly outcome: "opened"; readonly protocol: string }
  | {
      readonly outcome: "refused";
      readonly status: number;
      readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
      readonly body: string;
    }
  | { readonly outcome: "failed"; readonly message: string };

export interface CloseEvent {
  /** 1005 for a close frame without a code, 1006 for none at all. */
  readonly code: number;
  readonly reason: string;
}

/**
 * A WebSocket client with a queue of what it received. No promise of it that nobody awaits can become an
 * unhandled rejection.
 *
 * `Message` is what the test expects to receive; it is not checked.
 */
export interface TestClient<Message extends object = ReceivedMessage> extends AsyncDisposable {
  /** Rejects with `handshake-refused` if the server answers something else, `socket-closed` if it fails. */
  readonly opened: Promise<void>;
  /** The same as a result. Never rejects. */
  readonly handshake: Promise<Handshake>;
  /** Never rejects. */
  readonly closed: Promise<CloseEvent>;
  /** Every frame that arrived, pings included, in order. */
  readonly frames: readonly ReceivedFrame[];
  /** The messages that no wait has taken yet. */
  readonly pending: readonly Message[];
  /**
   * Takes the first message that matches out of the queue, waiting for it if need be: any, one with this
   * `type`, or one that satisfies the predicate. Messages that do not match stay for other waits.
   *
   * A text frame that holds one JSON object is a message. One that holds a JSON object per line gives a
   * message per line. Other text is `{ text }` and a binary frame `{ binary }`.
   *
   * @throws TestkitError `timeout` (default 20000 ms) or `socket-closed`; the message lists what did arrive.
   */
  next(match?: string | ((message: Message) => boolean), timeoutMs?: number): Promise<Message>;
  /** Sends an object as JSON. As all sends, it needs an open connection and is lost on one that has closed. */
  send(message: object): void;
  sendText(text: string): void;
  sendBinary(bytes: Uint8Array): void;
  /** Stops reading, as a slow consumer does. */
  pause(): void;
  resume(): void;
  /** Closes in an orderly way and returns how the connection closed. */
  close(code?: number, reason?: string): Promise<CloseEvent>;
  /** Drops the connection without a goodbye. */
  terminate(): void;
}

/** A server that does not answer a close frame within this time is left. */
const closeTimeoutMs = 2000;
const maxRefusalBytes = 64 * 1024;

/** Starts connecting; await `opened` before sending. */
export function openClient<Message extends object = ReceivedMessage>(
  url: string | URL,
  options: OpenClientOptions = {},
): TestClient<Message> {
  return new WsTestClient<Message>(url, options);
}

class WsTestClient<Message extends object> implements TestClient<Message> {
  readonly frames: ReceivedFrame[] = [];
  readonly opened: Promise<void>;
  readonly handshake: Promise<Handshake>;
  readonly closed: Promise<CloseEvent>;
  readonly #socket: WebSocket;
  readonly #queue: FrameQueue<Message>;

  constructor(
    url: string | URL,
    { protocols = [], headers, origin, compression, answerPings }: OpenClientOptions,
  ) {
    const socket = new WebSocket(url, [...protocols], {
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...(origin === undefined ? {} : { origin }),
      perMessageDeflate: compression ?? false,
      autoPong: answerPings ?? true,
      followRedirects: false,
    });
    this.#socket = socket;
    this.#queue = new FrameQueue<Message>();

    const handshake = Promise.withResolvers<Handshake>();
    const closed = Promise.withResolvers<CloseEvent>();
    this.handshake = handshake.promise;
    this.closed = closed.promise;
    this.opened = this.handshake.then(requireOpened);
    this.opened.catch(() => {});

    socket.on("open", () => handshake.resolve({ outcome: "opened", protocol: socket.protocol }));
    socket.on("unexpected-response", (_request, response) => {
      void readRefusal(response).then((refusal) => {
        handshake.resolve(refusal);
        socket.terminate();
      });
    });
    // After the handshake an error is always followed by the close event, which tells what to know of it.
    socket.on("error", (error) => handshake.resolve({ outcome: "failed", message: describeError(error) }));
    socket.on("message", (data, isBinary) => this.#receive(toBuffer(data), isBinary));
    socket.on("ping", (data) => this.frames.push({ kind: "ping", binary: data }));
    socket.on("pong", (data) => this.frames.push({ kind: "pong", binary: data }));
    socket.on("close", (code, reason) => {
      const event = { code, reason: reason.toString() };
      handshake.resolve({ outcome: "failed", message: "closed before it opened" });
      this.#queue.close(`closed with ${code}${event.reason === "" ? "" : ` (${event.reason})`}`);
      closed.resolve(event);
    });
  }

  get pending(): readonly Message[] {
    return this.#queue.pending;
  }

  next(match?: string | ((message: Message) => boolean), timeoutMs = PATIENCE_MS): Promise<Message> {
    return this.#queue.next(match, timeoutMs);
  }

  send(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.#send(text, false);
  }

  sendBinary(bytes: Uint8Array): void {
    this.#send(bytes, true);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(code = 1000, reason = ""): Promise<CloseEvent> {
    // The answer to our close frame is read like everything else.
    if (this.#socket.isPaused) this.#socket.resume();
    this.#socket.close(code, reason);
    const timer = setTimeout(() => this.terminate(), closeTimeoutMs);
    return this.closed.finally(() => clearTimeout(timer));
  }

  terminate(): void {
    this.#socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #send(data: string | Uint8Array, binary: boolean): void {
    if (this.#socket.readyState === WebSocket.CONNECTING)
      throw new TypeError("await client.opened before sending");
    // Whether the server had closed meanwhile is seen in `closed`.
    this.#socket.send(data, { binary }, () => {});
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.frames.push({ kind: "binary", binary: data });
      this.#queue.push({ binary: data } satisfies ReceivedMessage as unknown as Message);
      return;
    }
    const text = data.toString();
    this.frames.push({ kind: "text", text });
    for (const message of messagesOfText(text)) this.#queue.push(message as unknown as Message);
  }
}

function requireOpened(handshake: Handshake): void {
  if (handshake.outcome === "opened") return;
  if (handshake.outcome === "failed") throw new TestkitError("socket-closed", handshake.message);
  throw new TestkitError("handshake-refused", `HTTP status ${handshake.status}: ${handshake.body}`);
}

async function readRefusal(response: IncomingMessage): Promise<Handshake> {
  let body = "";
  try {
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length > maxRefusalBytes) break;
    }
  } catch {
    // Cut off: what did arrive is still worth reporting.
  }
  return { outcome: "refused", status: response.statusCode ?? 0, headers: response.headers, body };
}

function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
