import { connect, type Socket } from "node:net";
import { encodeFrame, opcodes } from "@tidegate/testkit";
import { FrameParser } from "./frame-parser.ts";
import { ACCEPTED, type OpeningBytes } from "./opening-bytes.ts";

const LOOPBACK = "127.0.0.1";
/**
 * Clients of one source address. It could have 28,000 ports, but with more than half of them taken the kernel searches long for
 * the next, and the client process becomes seven times as slow.
 */
const CLIENTS_PER_ADDRESS = 4000;

/** Told what happens to a client. */
export interface ClientEvents {
  /** Authenticated and subscribed, or whatever its plan ends with. */
  onReady(): void;
  /** A text or binary frame after that. The bytes are only lent. */
  onFrame(client: number, bytes: Buffer, start: number, end: number): void;
  /** The connection is over, and not because {@link SwarmClient.close} was called. At most once. */
  onFailed(reason: string, wasReady: boolean): void;
}

/**
 * - `upgrading`: the handshake is sent.
 * - `greeting`: it was accepted, and the greeting is sent.
 * - `ready`: messages arrive.
 * - `closed`: over.
 */
type ClientState = "upgrading" | "greeting" | "ready" | "closed";

const HEAD_END = Buffer.from("\r\n\r\n");
const SWITCHING = Buffer.from("HTTP/1.1 101 ");
const EMPTY = Buffer.alloc(0);
/** Enough of a frame or head to say what it was. */
const SHOWN_BYTES = 300;

/** All reads of a process go here, one after the other: a buffer per socket would be most of its memory. */
const READ_BYTES = 65_536;
const readBuffer = Buffer.alloc(READ_BYTES);

const EMPTY_PONG = encodeFrame({ opcode: opcodes.pong });

/** One client on a raw TCP socket. It answers pings and says nothing else once it is ready. */
export class SwarmClient {
  readonly #index: number;
  readonly #events: ClientEvents;
  readonly #socket: Socket;
  readonly #parser: FrameParser;
  /** Until the handshake was accepted, and the words that tell that it is ready. */
  #opening: OpeningBytes | undefined;
  #head = EMPTY;
  #state: ClientState = "upgrading";

  /**
   * Starts to connect to loopback.
   *
   * @param index its place in the swarm
   */
  constructor(index: number, port: number, opening: OpeningBytes, events: ClientEvents) {
    this.#index = index;
    this.#events = events;
    this.#opening = opening;
    this.#parser = new FrameParser((opcode, bytes, start, end) => this.#onFrame(opcode, bytes, start, end));
    this.#socket = connect({
      host: LOOPBACK,
      port,
      ...localAddress(index),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (count) => {
          this.#read(count);
          return true;
        },
      },
    });
    this.#socket.on("error", (error) => this.#fail(error.message));
    this.#socket.on("close", () => this.#fail("the connection was closed"));
    this.#socket.write(opening.handshake);
  }

  get ready(): boolean {
    return this.#state === "ready";
  }

  /** Closes by RST: thousands of sockets in TIME_WAIT would take the ports of the next run. */
  close(): void {
    this.#state = "closed";
    this.#socket.resetAndDestroy();
  }

  #read(count: number): void {
    if (this.#state === "upgrading") {
      this.#readHead(count);
    } else if (this.#state !== "closed") {
      this.#parse(readBuffer, 0, count);
    }
  }

  #readHead(count: number): void {
    const head = Buffer.concat([this.#head, readBuffer.subarray(0, count)]);
    const end = head.indexOf(HEAD_END);
    if (end === -1) {
      this.#head = head;
      return;
    }
    this.#head = EMPTY;
    const accepted = head.indexOf(ACCEPTED);
    if (!head.subarray(0, SWITCHING.length).equals(SWITCHING) || accepted === -1 || accepted > end) {
      this.#fail(`the handshake was answered: ${head.toString("latin1", 0, Math.min(end, SHOWN_BYTES))}`);
      return;
    }
    const greeting = this.#opening?.greeting ?? EMPTY;
    if (greeting.length > 0) {
      this.#socket.write(greeting);
    }
    this.#state = "greeting";
    if (this.#opening?.ready === undefined) {
      this.#becomeReady();
    }
    this.#parse(head, end + HEAD_END.length, head.length);
  }

  #parse(bytes: Buffer, start: number, end: number): void {
    const violation = this.#parser.push(bytes, start, end);
    if (violation !== undefined) {
      this.#fail(violation);
    }
  }

  #onFrame(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode === opcodes.ping) {
      const payload = bytes.subarray(start, end);
      this.#socket.write(start === end ? EMPTY_PONG : encodeFrame({ opcode: opcodes.pong, payload }));
    } else if (opcode === opcodes.close) {
      const code = end - start < 2 ? 1005 : bytes.readUInt16BE(start);
      this.#fail(`closed with ${code} ${bytes.toString("utf8", Math.min(start + 2, end), end)}`);
    } else if (this.#state === "ready") {
      this.#events.onFrame(this.#index, bytes, start, end);
    } else if (this.#state === "greeting") {
      this.#await(bytes.toString("utf8", start, end));
    }
  }

  #await(text: string): void {
    const { ready, refused } = this.#opening ?? {};
    if (ready !== undefined && text.includes(ready)) {
      this.#becomeReady();
    } else if (refused !== undefined && text.includes(refused)) {
      this.#fail(text.slice(0, SHOWN_BYTES));
    }
  }

  #becomeReady(): void {
    this.#opening = undefined;
    this.#state = "ready";
    this.#events.onReady();
  }

  #fail(reason: string): void {
    if (this.#state === "closed") {
      return;
    }
    const before = this.#state;
    this.#state = "closed";
    this.#socket.destroy();
    this.#events.onFailed(`client ${this.#index}, ${before}: ${reason}`, before === "ready");
  }
}

/** Linux has all of 127.0.0.0/8 for loopback; other systems may have the one address. */
function localAddress(index: number): { readonly localAddress?: string } {
  return process.platform === "linux"
    ? { localAddress: `127.0.0.${1 + (Math.floor(index / CLIENTS_PER_ADDRESS) % 250)}` }
    : {};
}
