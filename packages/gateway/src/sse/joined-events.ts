import { endOfPiece } from "./stream-outbox.ts";

/** Events that go out as one chunk. */
export interface JoinedPiece {
  readonly bytes: Uint8Array;
  /** Events in it. */
  readonly count: number;
}

/** Shared by all who get the event, so that it stands for its content. */
interface SharedEvent {
  readonly bytes: Uint8Array;
}

interface Joined {
  readonly events: readonly SharedEvent[];
  readonly pieces: readonly JoinedPiece[];
}

const NOTHING: Joined = { events: [], pieces: [] };

/**
 * The events of one flush as few chunks, joined only once for all streams that get the same. Those that sit in one channel get the very
 * same list, one right after the other; those of several channels have lists of their own, of the same events where they sit in the same.
 */
export class JoinedEvents {
  /** The last that was asked for. */
  #last = NOTHING;
  /** By the last event in it. Streams of different channels take turns, and mostly this tells their lists apart. */
  readonly #recent = new Map<SharedEvent, Joined>();

  /**
   * Called for each stream, so it allocates nothing but for the first.
   *
   * @param events not to be changed within this turn.
   */
  of(events: readonly SharedEvent[]): readonly JoinedPiece[] {
    if (events !== this.#last.events) {
      this.#last = this.#find(events);
    }
    return this.#last.pieces;
  }

  #find(events: readonly SharedEvent[]): Joined {
    const key = events.at(-1);
    if (key === undefined) {
      return NOTHING;
    }
    const recent = this.#recent.get(key);
    if (recent !== undefined && areSame(recent.events, events)) {
      return recent;
    }
    if (this.#recent.size === 0) {
      // Not kept beyond this turn: it may be large, and nobody else will ask.
      setImmediate(this.#forget);
    }
    const joined = { events, pieces: join(events) };
    this.#recent.set(key, joined);
    return joined;
  }

  /** Made once: a closure where it is needed would cost its scope each time, also where it is not. */
  readonly #forget = (): void => {
    this.#last = NOTHING;
    this.#recent.clear();
  };
}

function areSame(one: readonly SharedEvent[], other: readonly SharedEvent[]): boolean {
  if (one.length !== other.length) {
    return false;
  }
  for (let index = 0; index < one.length; index += 1) {
    if (one[index] !== other[index]) {
      return false;
    }
  }
  return true;
}

function join(events: readonly SharedEvent[]): readonly JoinedPiece[] {
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
  return pieces;
}
