import type { WebSocket } from "uWebSockets.js";
import { CLOSE_CODES, type CloseName } from "@tidegate/protocol";
import type { Connection } from "../connection/connection.ts";
import { LINE_QUEUED, LINE_SENT, type Line } from "../fan-out/line.ts";
import type { Handshake } from "../handshake.ts";
import type { SendOutcome, Socket } from "../socket.ts";
import { closeReason } from "./close-reason.ts";

/** What hangs on the native socket: first the handshake, then the connection made of it. */
export interface SocketData {
  handshake: Handshake | undefined;
  socket: UwsSocket | undefined;
  connection: Connection | undefined;
}

/** An end that was asked for within a cork. */
interface Postponed {
  readonly socket: UwsSocket;
  readonly native: NativeSocket;
  readonly name: CloseName;
  readonly reason: string;
}

// One cork at a time runs synchronously, so what it leads to can stand here instead of in every socket.
let corked: UwsSocket | undefined;
let postponed: Postponed | undefined;

/** What is used of a native socket. */
export type NativeSocket = Pick<WebSocket<SocketData>, "send" | "getBufferedAmount" | "ping" | "end"> & {
  cork(write: () => void): unknown;
};

/**
 * Makes the native socket safe: every method of a closed one throws, and `end` runs the close handler before
 * it returns.
 */
export class UwsSocket implements Socket {
  #native: NativeSocket | undefined;

  constructor(native: NativeSocket) {
    this.#native = native;
  }

  get isClosed(): boolean {
    return this.#native === undefined;
  }

  get line(): Line | undefined {
    return this.#native;
  }

  send(frame: Uint8Array | string, binary: boolean): SendOutcome {
    const native = this.#native;
    if (native === undefined) {
      return "closed";
    }
    // 1 sent, 0 buffered and not to be sent again, 2 dropped at the limit: not a boolean.
    const result = native.send(frame, binary, false);
    return result === LINE_SENT ? "sent" : result === LINE_QUEUED ? "queued" : "dropped";
  }

  cork(write: () => void): void {
    const outer = corked;
    corked = this;
    this.#native?.cork(write);
    corked = outer;
    // Behind the outermost of several corks of this socket.
    if (outer !== this && postponed?.socket === this) {
      const { native, name, reason } = postponed;
      postponed = undefined;
      endNative(native, name, reason);
    }
  }

  bufferedBytes(): number {
    return this.#native?.getBufferedAmount() ?? 0;
  }

  ping(): void {
    this.#native?.ping();
  }

  end(name: CloseName, reason: string): void {
    const native = this.#native;
    this.#native = undefined;
    if (native !== undefined && corked === this) {
      // Within a cork of ours, uWebSockets.js would send the close frame and never end the connection.
      postponed = { socket: this, native, name, reason };
    } else if (native !== undefined) {
      endNative(native, name, reason);
    }
  }

  /** The native socket is gone. */
  detach(): void {
    this.#native = undefined;
  }
}

function endNative(native: NativeSocket, name: CloseName, reason: string): void {
  native.end(CLOSE_CODES[name].code, closeReason(name, reason));
}
