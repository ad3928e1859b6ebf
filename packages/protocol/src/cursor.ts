/** Longest cursor, in bytes. It has to pass cross-origin as `Last-Event-ID` without a preflight (Fetch standard, section 4.8). */
export const MAX_CURSOR_BYTES = 128;

/** Most namespaces with history that one cursor can speak of; with longer sequences it could exceed {@link MAX_CURSOR_BYTES}. */
export const MAX_CURSOR_NAMESPACES = 6;

/** How far one namespace has been read. */
export interface Position {
  /** Names one life of the namespace's stream: 8 of `0-9a-z`. Sequences of different epochs do not compare. */
  readonly epoch: string;
  /** Sequence in the stream: everything up to it has been received. 0 is before the first message. */
  readonly sequence: number;
}

/** A cursor taken apart: sequence by epoch. */
export type Cursor = ReadonlyMap<string, number>;

// 2^53 - 1 has 11 digits in base 36.
const ENTRY = /^([0-9a-z]{8})-(0|[1-9a-z][0-9a-z]{0,10})$/;
const EPOCH = /^[0-9a-z]{8}$/;

/** Whether `text` can stand as an epoch in a cursor. */
export function isEpoch(text: string): boolean {
  return EPOCH.test(text);
}

/** The cursor of one position. */
export function encodePosition(position: Position): string {
  return `${position.epoch}-${position.sequence.toString(36)}`;
}

/**
 * The cursor of several positions, at most one per epoch and {@link MAX_CURSOR_NAMESPACES} in all. Equal positions give equal
 * cursors, whatever their order. Empty text of none.
 */
export function encodeCursor(positions: readonly Position[]): string {
  return positions.map(encodePosition).sort().join(".");
}

/** `undefined` if it is none. Clients treat cursors as opaque; nodes check every part. */
export function decodeCursor(text: string): Cursor | undefined {
  if (text.length === 0 || text.length > MAX_CURSOR_BYTES) {
    return undefined;
  }
  const entries = text.split(".");
  if (entries.length > MAX_CURSOR_NAMESPACES) {
    return undefined;
  }
  const cursor = new Map<string, number>();
  for (const entry of entries) {
    const [, epoch, digits] = ENTRY.exec(entry) ?? [];
    if (epoch === undefined || digits === undefined || cursor.has(epoch)) {
      return undefined;
    }
    const sequence = Number.parseInt(digits, 36);
    if (!Number.isSafeInteger(sequence)) {
      return undefined;
    }
    cursor.set(epoch, sequence);
  }
  return cursor;
}
