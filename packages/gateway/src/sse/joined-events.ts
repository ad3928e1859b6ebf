import { endOfPiece } from "./stream-outbox.ts";

/** Events that go out as one chunk. */
export interface JoinedPiece {
  readonly bytes: Uint8Array;
  /** Events in it. */
  readonly count: number;
}

const NONE: readonly JoinedPiece[] = [];

/**
 * The events of one flush as few chunks. The same list goes to all streams that sit in a channel alone, one right after the other,
 * and is joined only once for them.
 */
export class JoinedEvents {
  #events: readonly { readonly bytes: Uint8Array }[] | undefined;
  #pieces = NONE;

  /** Called for each stream, so it allocates nothing but for the first. */
  of(events: readonly { readonly bytes: Uint8Array }[]): readonly JoinedPiece[] {
    if (events !== this.#events) {
      this.#join(events);
    }
    return this.#pieces;
  }

  #join(events: readonly { readonly bytes: Uint8Array }[]): void {
    const chunks = events.map(({ bytes }) => bytes);
    const pieces: JoinedPiece[] = [];
    for (let start = 0; start < chunks.length; ) {
      const end = endOfPiece(chunks, start);
      const piece = chunks.slice(start, end);
      const [only] = piece;
      const bytes = piece.length === 1 && only !== undefined ? only : Buffer.concat(piece);
      pieces.push({ bytes, count: piece.length });
      start = end;
    }
    this.#pieces = pieces;
    this.#events = events;
    // Not kept beyond this turn: it may be large, and nobody else will ask.
    setImmediate(() => this.#forget());
  }

  #forget(): void {
    this.#events = undefined;
    this.#pieces = NONE;
  }
}
