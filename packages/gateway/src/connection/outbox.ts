import type { Frame } from "../fan-out/format.ts";
import type { SendOutcome, Socket } from "../socket.ts";
import type { Traffic } from "../traffic.ts";

/**
 * - `flowing`: sends go out.
 * - `lagging`: the client reads too slowly and more than the limit waits; messages of live channels are skipped and
 *   counted until enough of it is gone. Answers go on up to `ceiling`.
 * - `broken`: a frame was lost, too many answers wait, or a message of a replayable channel would have had to be skipped.
 *   Nothing is sent any more and the connection has to end, since a hole can't be mended; behind what was sent before, the
 *   client can resume.
 */
export type OutboxState =
  | { readonly kind: "flowing" }
  | { readonly kind: "lagging"; readonly since: number; readonly ceiling: number; missed: number }
  | { readonly kind: "broken" };

/** Whoever has to do something about an outbox that flows no longer. Told within a send, so it must not send or close. */
export interface OutboxOwner {
  strained(): void;
}

const FLOWING: OutboxState = { kind: "flowing" };
const BROKEN: OutboxState = { kind: "broken" };

/** Lagging ends at this share of the limit, not just below it: else a slow client would get a notice with every read. */
const RESUME_SHARE = 0.5;

// One cork at a time runs synchronously, so its arguments can stand here instead of in a closure per delivery.
let corkedOutbox: Outbox | undefined;
let corkedFrames: readonly Frame[] = [];
let corkedWhole = false;
function writeCorked(): void {
  corkedOutbox?.pushAll(corkedFrames, corkedWhole);
}

/**
 * The bounded queue between fan-out and one connection. The bytes wait in the transport's buffer; this counts them and
 * decides what may still be added: at most the limit and one message, or one replay or flush of a replayable channel, and on
 * top of that the limit again in answers.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #traffic: Traffic;
  readonly #limitBytes: number;
  readonly #now: () => number;
  readonly #owner: OutboxOwner;
  #state: OutboxState = FLOWING;

  constructor(socket: Socket, traffic: Traffic, limitBytes: number, now: () => number, owner: OutboxOwner) {
    this.#socket = socket;
    this.#traffic = traffic;
    this.#limitBytes = limitBytes;
    this.#now = now;
    this.#owner = owner;
  }

  get state(): OutboxState {
    return this.#state;
  }

  /** Whether there is room for much at once: as much as ends lagging. */
  get hasRoom(): boolean {
    return this.#state.kind === "flowing" && this.#socket.bufferedBytes() <= this.#limitBytes * RESUME_SHARE;
  }

  /** Sends the messages of one flush, in one write; or counts them as missed, or breaks where they must not be. */
  deliver(frames: readonly Frame[], replayable: boolean): void {
    if (replayable && this.#state.kind === "lagging") {
      this.#strain(BROKEN);
      return;
    }
    const [only] = frames;
    if (frames.length === 1 && only !== undefined) {
      this.#offer(only, replayable);
      return;
    }
    corkedOutbox = this;
    corkedFrames = frames;
    corkedWhole = replayable;
    this.#socket.cork(writeCorked);
    corkedOutbox = undefined;
    corkedFrames = [];
    // What the cork held back was written at its end, and only now shows in the buffer.
    this.#weigh();
  }

  /** @internal The frames of one cork. */
  pushAll(frames: readonly Frame[], whole: boolean): void {
    for (const frame of frames) {
      this.#offer(frame, whole);
    }
  }

  /** Sends an answer or a notice. Never skipped: letting too many pile up breaks the outbox. */
  answer(frame: string | Uint8Array, binary = false): void {
    const state = this.#state;
    if (state.kind === "broken") {
      return;
    }
    if (state.kind === "lagging" && this.#socket.bufferedBytes() > state.ceiling) {
      this.#strain(BROKEN);
      return;
    }
    this.#push(frame, binary, 1);
  }

  /** The network took some of what waited. Returns how many messages were missed, if that ends the lagging. */
  drained(): number {
    const state = this.#state;
    if (state.kind !== "lagging" || this.#socket.bufferedBytes() > this.#limitBytes * RESUME_SHARE) {
      return 0;
    }
    this.#state = FLOWING;
    return state.missed;
  }

  #offer(frame: Frame, whole: boolean): void {
    const state = this.#state;
    if (state.kind === "flowing" || (whole && state.kind === "lagging")) {
      this.#push(frame.bytes, frame.binary, frame.messages);
      return;
    }
    if (whole) {
      return;
    }
    this.#traffic.messagesMissed += frame.messages;
    if (state.kind === "lagging") {
      state.missed += frame.messages;
    }
  }

  #push(frame: string | Uint8Array, binary: boolean, messages: number): void {
    const outcome: SendOutcome = this.#socket.send(frame, binary);
    switch (outcome) {
      case "dropped":
        this.#strain(BROKEN);
        return;
      case "closed":
        return;
      case "queued":
        this.#weigh();
        break;
      case "sent":
        break;
    }
    this.#traffic.messagesOut += messages;
    this.#traffic.bytesOut += typeof frame === "string" ? Buffer.byteLength(frame) : frame.byteLength;
  }

  #weigh(): void {
    if (this.#state.kind !== "flowing") {
      return;
    }
    const buffered = this.#socket.bufferedBytes();
    if (buffered > this.#limitBytes) {
      // From what waits now on, not from the limit: the last message may have been many times as large.
      const ceiling = buffered + this.#limitBytes;
      this.#strain({ kind: "lagging", since: this.#now(), ceiling, missed: 0 });
    }
  }

  #strain(state: OutboxState): void {
    this.#state = state;
    this.#owner.strained();
  }
}
