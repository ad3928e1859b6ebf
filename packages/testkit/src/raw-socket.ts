import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ByteQueue } from "./byte-queue.ts";
import { describeError } from "./describe-error.ts";
import { PATIENCE_MS } from "./patience.ts";
import { TestkitError } from "./testkit-error.ts";
import {
  acceptKey,
  decodeResponseHead,
  type ResponseHead,
  type UpgradeRequestOptions,
  upgradeRequest,
} from "./upgrade-request.ts";
import { decodeFrame, encodeFrame, type WireFrame, type WireFrameOptions } from "./wire-frame.ts";

/** Only the end of what arrived is worth showing in an error. */
const shownBytes = 64;

/** A TCP connection that sends exactly the bytes it is told, for tests of how a server takes abuse. */
export interface RawSocket extends AsyncDisposable {
  /** Our port, to find the connection on the server's side. */
  readonly localPort: number;
  /**
   * Settles when no more will come: the server ended its stream, or the connection was reset (also by our own
   * `reset`). Never rejects. While reading is paused the end is not noticed either.
   */
  readonly ended: Promise<"end" | "reset">;
  /**
   * Sends bytes. Resolves when the kernel has taken them, or when the connection is gone: whether a server
   * still reads what it should refuse is its own affair.
   */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Sends bytes in pieces of `chunkBytes` (default 1) with a pause after each. */
  writeSlowly(bytes: string | Uint8Array, pauseMs: number, chunkBytes?: number): Promise<void>;
  /** Sends one frame. */
  writeFrame(frame: WireFrameOptions): Promise<void>;
  /**
   * Performs the opening handshake and checks the answer.
   *
   * @throws TestkitError `handshake-refused` unless the answer is a correct 101.
   */
  handshake(options?: UpgradeRequestOptions): Promise<ResponseHead>;
  /** Reads the head of an HTTP response. As all reads: `timeout` (default 20000 ms) or `socket-closed`. */
  readResponseHead(timeoutMs?: number): Promise<ResponseHead>;
  /** Reads one frame. */
  readFrame(timeoutMs?: number): Promise<WireFrame>;
  /** Reads a number of bytes. */
  readBytes(length: number, timeoutMs?: number): Promise<Buffer>;
  /** Reads everything up to the end of the connection. */
  readToEnd(timeoutMs?: number): Promise<Buffer>;
  /** Stops taking bytes from the kernel, so that the server's send buffer fills. */
  pause(): void;
  resume(): void;
  /** Sends our end of the stream and goes on reading. */
  endWrites(): void;
  /** Closes by RST, as a vanished peer with data in flight appears. */
  reset(): void;
  /** Closes at once. */
  close(): Promise<void>;
}

/**
 * Connects.
 *
 * @param address a URL (`ws://`, `http://`; only host and port count) or a port on loopback
 * @throws TestkitError `socket-closed` if nobody accepts the connection.
 */
export async function openRawSocket(address: string | URL | number): Promise<RawSocket> {
  const { hostname, port } = typeof address === "number" ? loopback(address) : new URL(address);
  // allowHalfOpen: the server's end of stream must not make us send ours.
  const socket = connect({
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port || 80),
    allowHalfOpen: true,
  });
  socket.setNoDelay(true);
  try {
    await once(socket, "connect");
  } catch (error) {
    throw new TestkitError(
      "socket-closed",
      `cannot connect to ${hostname}:${port}: ${describeError(error)}`,
      {
        cause: error,
      },
    );
  }
  return new TcpRawSocket(socket);
}

function loopback(port: number): { hostname: string; port: string } {
  return { hostname: "127.0.0.1", port: String(port) };
}

class TcpRawSocket implements RawSocket {
  readonly localPort: number;
  readonly ended: Promise<"end" | "reset">;
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  /** Received and not yet read. */
  readonly #received = new ByteQueue();
  /** No more will come: the peer ended its stream or the connection is gone. */
  #atEnd = false;
  readonly #changed = new Set<() => void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    this.localPort = socket.localPort ?? 0;
    // Every error is followed by the close event.
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#notify();
    });
    const ended = Promise.withResolvers<"end" | "reset">();
    this.ended = ended.promise;
    socket.on("end", () => {
      this.#end();
      ended.resolve("end");
    });
    this.#closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#end();
        ended.resolve("reset");
        resolve();
      });
    });
  }

  async write(bytes: string | Uint8Array): Promise<void> {
    if (!this.#socket.writable) return;
    await new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  async writeSlowly(bytes: string | Uint8Array, pauseMs: number, chunkBytes = 1): Promise<void> {
    const all = Buffer.from(bytes);
    for (let offset = 0; offset < all.length; offset += chunkBytes) {
      await this.write(all.subarray(offset, offset + chunkBytes));
      await delay(pauseMs);
    }
  }

  writeFrame(frame: WireFrameOptions): Promise<void> {
    return this.write(encodeFrame(frame));
  }

  async handshake(options: UpgradeRequestOptions = {}): Promise<ResponseHead> {
    const key = options.key ?? randomBytes(16).toString("base64");
    await this.write(upgradeRequest({ ...options, key }));
    const head = await this.readResponseHead();
    if (head.status !== 101) throw new TestkitError("handshake-refused", `HTTP status ${head.status}`);
    const accept = head.headers["sec-websocket-accept"];
    if (accept !== acceptKey(key)) {
      throw new TestkitError("handshake-refused", `Sec-WebSocket-Accept is ${accept}, not ${acceptKey(key)}`);
    }
    return head;
  }

  readResponseHead(timeoutMs?: number): Promise<ResponseHead> {
    return this.#read("the head of a response", timeoutMs, (bytes) => {
      const decoded = decodeResponseHead(bytes);
      return decoded && { value: decoded.head, size: decoded.size };
    });
  }

  readFrame(timeoutMs?: number): Promise<WireFrame> {
    return this.#read("a frame", timeoutMs, (bytes) => {
      const decoded = decodeFrame(bytes);
      return decoded && { value: decoded.frame, size: decoded.size };
    });
  }

  readBytes(length: number, timeoutMs?: number): Promise<Buffer> {
    return this.#read(`${length} bytes`, timeoutMs, (bytes) =>
      bytes.length < length ? undefined : { value: Buffer.from(bytes.subarray(0, length)), size: length },
    );
  }

  readToEnd(timeoutMs?: number): Promise<Buffer> {
    return this.#read("the end", timeoutMs, (bytes, atEnd) =>
      atEnd ? { value: Buffer.from(bytes), size: bytes.length } : undefined,
    );
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  endWrites(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read<T>(
    what: string,
    timeoutMs = PATIENCE_MS,
    take: (bytes: Buffer, atEnd: boolean) => { value: T; size: number } | undefined,
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const taken = take(this.#received.bytes, this.#atEnd);
      if (taken !== undefined) {
        this.#received.drop(taken.size);
        return taken.value;
      }
      if (this.#atEnd) {
        throw new TestkitError(
          "socket-closed",
          `the stream ended before ${what} arrived; ${this.#describe()}`,
        );
      }
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new TestkitError(
          "timeout",
          `${what} did not arrive within ${timeoutMs} ms; ${this.#describe()}`,
        );
      }
      await this.#change(left);
    }
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#changed.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#changed.add(done);
    });
  }

  #end(): void {
    this.#atEnd = true;
    this.#notify();
  }

  #notify(): void {
    for (const done of [...this.#changed]) done();
  }

  #describe(): string {
    const { bytes } = this.#received;
    if (bytes.length === 0) return "nothing is unread";
    return `${bytes.length} bytes are unread, last ${bytes.subarray(-shownBytes).toString("hex")}`;
  }
}
