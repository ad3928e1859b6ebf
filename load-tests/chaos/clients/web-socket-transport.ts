import { connect, type Socket } from "node:net";
import { CLOSE_CODES, SUBPROTOCOL } from "@tidegate/protocol";
import { encodeFrame, opcodes, upgradeRequest } from "@tidegate/testkit";
import { FrameParser } from "../../swarm/frame-parser.ts";
import { asNumbered } from "../numbered-payload.ts";
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

const HEAD_END = Buffer.from("\r\n\r\n");
const SWITCHING = "HTTP/1.1 101 ";
/** All reads of a process go here, one after the other. */
const readBuffer = Buffer.alloc(65_536);

/** A WebSocket on a raw TCP socket. Clients of one channel name it in the address, others send `subscribe`. */
export class WebSocketTransport implements Transport {
  readonly #subscription: Subscription;
  /** By channel: where the client stands. */
  readonly #since = new Map<string, string>();

  constructor(subscription: Subscription) {
    this.#subscription = subscription;
  }

  start(port: number, events: TransportEvents): Attempt {
    return new WebSocketAttempt(port, this.#subscription, this.#since, events);
  }
}

class WebSocketAttempt implements Attempt {
  readonly #subscription: Subscription;
  readonly #since: Map<string, string>;
  readonly #events: TransportEvents;
  readonly #socket: Socket;
  readonly #parser: FrameParser;
  /** Channels that are not confirmed yet. */
  readonly #pending: Set<string>;
  /** Channels asked for with a cursor. */
  readonly #asked: ReadonlySet<string>;
  readonly #inAddress: boolean;
  #head: Buffer | undefined = Buffer.alloc(0);
  #resumed: boolean;
  #retryMs: number | undefined;
  #over = false;

  constructor(port: number, subscription: Subscription, since: Map<string, string>, events: TransportEvents) {
    const { channels, token } = subscription;
    this.#subscription = subscription;
    this.#since = since;
    this.#events = events;
    this.#pending = new Set(channels);
    this.#asked = new Set(since.keys());
    this.#resumed = this.#asked.size > 0;
    this.#inAddress = channels.length === 1;
    this.#parser = new FrameParser((opcode, bytes, start, end) => this.#onFrame(opcode, bytes, start, end));
    this.#socket = connect({
      host: LOOPBACK,
      port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (count) => {
          this.#read(count);
          return true;
        },
      },
    });
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    this.#socket.on("close", () => this.#end("1006"));
    const [only = ""] = channels;
    const query = this.#inAddress ? `?${addressQuery({ channels: only, since: since.get(only) })}` : "";
    const path = `/v1/ws${query}`;
    const headers = { Authorization: `Bearer ${token}` };
    this.#socket.write(upgradeRequest({ path, protocols: [SUBPROTOCOL], headers }));
  }

  close(): void {
    this.#over = true;
    this.#socket.resetAndDestroy();
  }

  #end(reason: string): void {
    if (!this.#over) {
      this.close();
      this.#events.onEnded(reason, this.#retryMs);
    }
  }

  #read(count: number): void {
    if (this.#over) {
      return;
    }
    if (this.#head === undefined) {
      this.#parse(readBuffer, 0, count);
      return;
    }
    const head = Buffer.concat([this.#head, readBuffer.subarray(0, count)]);
    const end = head.indexOf(HEAD_END);
    if (end === -1) {
      this.#head = head;
    } else if (head.toString("latin1", 0, SWITCHING.length) !== SWITCHING) {
      this.#end(`handshake answered ${head.toString("latin1", 9, 12)}`);
    } else {
      this.#head = undefined;
      this.#subscribe();
      this.#parse(head, end + HEAD_END.length, head.length);
    }
  }

  #subscribe(): void {
    if (!this.#inAddress) {
      for (const [index, channel] of this.#subscription.channels.entries()) {
        this.#send({ type: "subscribe", id: index + 1, channel, since: this.#since.get(channel) });
      }
    }
  }

  #send(message: Readonly<Record<string, unknown>>): void {
    this.#socket.write(encodeFrame({ payload: JSON.stringify(message) }));
  }

  #parse(bytes: Buffer, start: number, end: number): void {
    const violation = this.#parser.push(bytes, start, end);
    if (violation !== undefined) {
      this.#end(violation);
    }
  }

  #onFrame(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (this.#over) {
      return;
    }
    if (opcode === opcodes.ping) {
      this.#socket.write(encodeFrame({ opcode: opcodes.pong, payload: bytes.subarray(start, end) }));
    } else if (opcode === opcodes.close) {
      const code = end - start < 2 ? 1005 : bytes.readUInt16BE(start);
      this.#end(`${code} ${nameOfClose(code)}`);
    } else if (opcode === opcodes.text) {
      const message = parseRecord(bytes.toString("utf8", start, end));
      if (message === undefined) {
        this.#end("a text frame that is not JSON");
      } else {
        this.#onMessage(message);
      }
    }
  }

  #onMessage(message: Readonly<Record<string, unknown>>): void {
    const channel = String(message["channel"]);
    const cursor = message["cursor"];
    switch (message["type"]) {
      case "message": {
        const numbered = asNumbered(message["data"]);
        this.#stand(channel, cursor);
        if (numbered !== undefined) {
          this.#events.onMessage(channel, numbered);
        }
        break;
      }
      case "subscribed":
        this.#onSubscribed(channel, cursor, message["resumed"]);
        break;
      case "reset":
        this.#stand(channel, cursor);
        this.#events.onReset(channel, String(message["reason"]), onlySequence(cursor));
        break;
      case "ping":
        for (const each of this.#subscription.channels) {
          this.#stand(each, cursor);
        }
        break;
      case "draining":
        this.#retryMs = Number(message["reconnect"]);
        break;
      case "error":
        this.#end(`error ${String(message["code"])}`);
        break;
    }
  }

  #onSubscribed(channel: string, cursor: unknown, resumed: unknown): void {
    this.#pending.delete(channel);
    // With a cursor of ours, this one lies behind messages that are still to come: taking it now would lose them with
    // the connection.
    if (!this.#asked.has(channel)) {
      this.#stand(channel, cursor);
    }
    this.#resumed &&= resumed === true;
    if (this.#pending.size === 0) {
      this.#events.onReady(this.#resumed);
    }
  }

  #stand(channel: string, cursor: unknown): void {
    if (typeof cursor === "string") {
      this.#since.set(channel, cursor);
    }
  }
}

function nameOfClose(code: number): string {
  return Object.entries(CLOSE_CODES).find(([, row]) => row.code === code)?.[0] ?? "";
}
