import type { ResponseStream } from "../http/http-exchange.ts";
import { COMMENT } from "./event-text.ts";

/** What waits is handed over in pieces of about this size: each is copied, and one that fails is copied again and again. */
const PIECE_BYTES = 65_536;

/** Of a chunk that was sent, so much may still wait; see `WriteOutcome`. */
const UNCERTAIN_BYTES = 16_384;

/**
 * After this long without a write it is asked whether the network has taken the last one: by a comment, which also keeps
 * the transport from giving the client up by itself after 10 s.
 */
const PROBE_MS = 7_000;

/**
 * - `flowing`: everything is with the network, or, if not `certain`, all but the last write, which may have failed unseen.
 * - `blocked`: the client reads too slowly: something waits in the transport, and the rest here. `since` is when the network
 *   last took anything.
 * - `over`: nothing is sent any more.
 */
type State =
  | { readonly kind: "flowing"; readonly certain: boolean }
  | { readonly kind: "blocked"; readonly since: number }
  | { readonly kind: "over" };

const CERTAIN: State = { kind: "flowing", certain: true };
const UNCERTAIN: State = { kind: "flowing", certain: false };
const OVER: State = { kind: "over" };

/**
 * The queue between an event stream and its client. HTTP of uWebSockets.js neither bounds nor tells what it holds for a client that
 * does not read, so it is given nothing more once it holds something; what waits then is counted here, and shared with other
 * streams instead of copied.
 */
export class StreamOutbox {
  readonly #stream: ResponseStream;
  readonly #now: () => number;
  #state: State = UNCERTAIN;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** What the transport may hold, at most. */
  #handedBytes = 0;
  #wroteAt: number;

  constructor(stream: ResponseStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
    this.#wroteAt = now();
  }

  /** Upper bound of what waits for the client to read it. */
  get waitingBytes(): number {
    return this.#queuedBytes + this.#handedBytes;
  }

  get isBlocked(): boolean {
    return this.#state.kind === "blocked";
  }

  /** When something was last written, in ms. */
  get wroteAt(): number {
    return this.#wroteAt;
  }

  /** Since when the client has taken nothing of what waits for it; infinitely late if nothing waits. */
  get stuckSince(): number {
    return this.#state.kind === "blocked" ? this.#state.since : Number.POSITIVE_INFINITY;
  }

  /** Whether it is to be asked what became of what was written. */
  get isUncertain(): boolean {
    return this.#state.kind === "blocked" || (this.#state.kind === "flowing" && !this.#state.certain);
  }

  /** When to call {@link probe}. */
  get probeAt(): number {
    return this.isUncertain ? this.#wroteAt + PROBE_MS : Number.POSITIVE_INFINITY;
  }

  /** Sends, or keeps until the client has read what is before it. Whole events only. */
  push(bytes: Uint8Array): void {
    switch (this.#state.kind) {
      case "flowing":
        this.#write(bytes);
        return;
      case "blocked":
        this.#queue.push(bytes);
        this.#queuedBytes += bytes.byteLength;
        return;
      case "over":
        return;
    }
  }

  /** As {@link push}, for many: they are joined as far as they can go out now. */
  pushAll(pieces: readonly Uint8Array[]): void {
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) {
      this.push(only);
      return;
    }
    let index = 0;
    while (index < pieces.length && this.#state.kind === "flowing") {
      const end = endOfPiece(pieces, index);
      this.#write(Buffer.concat(pieces.slice(index, end)));
      index = end;
    }
    for (const piece of pieces.slice(index)) {
      this.push(piece);
    }
  }

  /** The network took something. */
  writable(): void {
    if (this.#state.kind === "blocked") {
      this.#state = { kind: "blocked", since: this.#now() };
    }
    this.probe();
  }

  /** Finds out whether everything is with the network, and if so, sends on. Always writes. */
  probe(): void {
    if (this.#state.kind === "over") {
      return;
    }
    this.#write(COMMENT);
    if (this.#state.kind === "flowing") {
      this.#sendQueued();
    }
    if (
      this.#state.kind === "flowing" &&
      this.#queue.length === 0 &&
      this.#handedBytes <= COMMENT.byteLength
    ) {
      this.#state = CERTAIN;
    }
  }

  /** Ends the answer: in order if nothing waits here, else at once. */
  end(): void {
    if (this.#state.kind === "over") {
      return;
    }
    const isComplete = this.#queue.length === 0;
    this.abandon();
    if (isComplete) {
      this.#stream.end();
    } else {
      this.#stream.cut();
    }
  }

  /** Ends the answer at once; what waits is lost. */
  cut(): void {
    if (this.#state.kind !== "over") {
      this.abandon();
      this.#stream.cut();
    }
  }

  /** The client is gone already. */
  abandon(): void {
    this.#state = OVER;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#handedBytes = 0;
  }

  #sendQueued(): void {
    let index = 0;
    while (index < this.#queue.length && this.#state.kind === "flowing") {
      const end = endOfPiece(this.#queue, index);
      const piece = Buffer.concat(this.#queue.slice(index, end));
      index = end;
      this.#queuedBytes -= piece.byteLength;
      this.#write(piece);
    }
    this.#queue = this.#queue.slice(index);
  }

  #write(bytes: Uint8Array): void {
    const now = this.#now();
    this.#wroteAt = now;
    switch (this.#stream.write(bytes)) {
      case "sent":
        this.#handedBytes = Math.min(bytes.byteLength, UNCERTAIN_BYTES);
        this.#state = UNCERTAIN;
        return;
      case "queued":
        this.#handedBytes += bytes.byteLength;
        if (this.#state.kind === "flowing") {
          this.#state = { kind: "blocked", since: now };
        }
        return;
      case "closed":
        this.abandon();
        return;
    }
  }
}

/** Where a piece ends that begins at `start`: it holds one at least. */
export function endOfPiece(pieces: readonly Uint8Array[], start: number): number {
  let bytes = pieces[start]?.byteLength ?? 0;
  let end = start + 1;
  while (end < pieces.length && bytes + (pieces[end]?.byteLength ?? 0) <= PIECE_BYTES) {
    bytes += pieces[end]?.byteLength ?? 0;
    end += 1;
  }
  return end;
}
