import type { Frame } from "../fan-out/format.ts";
import type { SendOutcome, Socket } from "../socket.ts";
import type { Traffic } from "../traffic.ts";

/**
 * - `flowing`: sends go out.
 * - `lagging`: the client reads too slowly and more than the limit waits; messages of live channels are skipped and
 *   counted until the wait is over.
 */
export type OutboxState =
  | { readonly kind: "flowing" }
  | { readonly kind: "lagging"; readonly since: number; missed: number };

const FLOWING: OutboxState = { kind: "flowing" };

/** Answers may go this far beyond the limit before the connection has to end. */
const ANSWER_ALLOWANCE = 2;

// One cork at a time runs synchronously, so its arguments can stand here instead of in a closure per delivery.
let corkedOutbox: Outbox | undefined;
let corkedFrames: readonly Frame[] = [];
function writeCorked(): void {
  for (const frame of corkedFrames) {
    corkedOutbox?.push(frame.bytes, frame.binary);
  }
}

/**
 * The bounded queue between fan-out and one connection. The bytes wait in the transport's buffer; this counts them and
 * decides what may still be added.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #traffic: Traffic;
  readonly #limitBytes: number;
  #state: OutboxState = FLOWING;
  #overflowed = false;

  constructor(socket: Socket, traffic: Traffic, limitBytes: number) {
    this.#socket = socket;
    this.#traffic = traffic;
    this.#limitBytes = limitBytes;
  }

  get state(): OutboxState {
    return this.#state;
  }

  /** A send was lost or answers piled up: the connection must be closed, since a hole can't be mended. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** Sends the messages of one flush, in one write; or counts them as missed. */
  deliver(frames: readonly Frame[], now: () => number): void {
    if (this.#state.kind === "lagging") {
      this.#state.missed += frames.length;
      this.#traffic.messagesMissed += frames.length;
      return;
    }
    const [only] = frames;
    if (frames.length === 1 && only !== undefined) {
      if (this.push(only.bytes, only.binary) === "sent") {
        return;
      }
    } else {
      // Within a cork every send counts as sent; only the buffer tells what the one write left behind.
      corkedOutbox = this;
      corkedFrames = frames;
      this.#socket.cork(writeCorked);
      corkedOutbox = undefined;
      corkedFrames = [];
    }
    if (this.#socket.bufferedBytes() > this.#limitBytes) {
      this.#state = { kind: "lagging", since: now(), missed: 0 };
    }
  }

  /** Sends an answer or a notice. Never skipped: a client that lets too many pile up is closed. */
  answer(frame: string | Uint8Array, binary = false): void {
    if (this.#socket.bufferedBytes() > this.#limitBytes * ANSWER_ALLOWANCE) {
      this.#overflowed = true;
      return;
    }
    this.push(frame, binary);
  }

  /** @internal One frame to the transport, every outcome counted. */
  push(frame: string | Uint8Array, binary: boolean): SendOutcome {
    const outcome = this.#socket.send(frame, binary);
    if (outcome === "dropped") {
      this.#overflowed = true;
    } else if (outcome !== "closed") {
      this.#traffic.messagesOut += 1;
      this.#traffic.bytesOut += typeof frame === "string" ? Buffer.byteLength(frame) : frame.byteLength;
    }
    return outcome;
  }

  /** The transport's buffer is empty again. Returns how many messages were missed meanwhile. */
  drained(): number {
    const missed = this.#state.kind === "lagging" ? this.#state.missed : 0;
    this.#state = FLOWING;
    return missed;
  }
}
