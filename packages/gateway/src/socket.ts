import type { CloseName } from "@tidegate/protocol";
import type { Line } from "./fan-out/line.ts";

/**
 * What became of a send. `queued` was accepted and must not be sent again; `dropped` is lost, and what follows
 * it would leave a hole, so the connection has to end; `closed` means there is nobody to send to.
 */
export type SendOutcome = "sent" | "queued" | "dropped" | "closed";

/**
 * The port between a connection and its transport. An adapter owns the native socket and makes every call
 * safe after the close; the core never learns which library is behind it.
 */
export interface Socket {
  /** Sends one frame. The bytes are copied or written before it returns. */
  send(frame: Uint8Array | string, binary: boolean): SendOutcome;
  /** The way out for single frames, until the socket is closed: not to be kept beyond that. */
  readonly line: Line | undefined;
  /** Runs `write` with all its sends joined into one write to the network. */
  cork(write: () => void): void;
  /** Bytes accepted but not yet taken by the network. */
  bufferedBytes(): number;
  /** Sends a WebSocket ping. The only send whose outcome may be ignored: the missing pong tells. */
  ping(): void;
  /** Closes with a code of the table; the reason is cut to what a control frame holds. */
  end(name: CloseName, reason: string): void;
}
