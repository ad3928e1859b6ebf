import type { Frame } from "./format.ts";

/**
 * Where frames go out without a look at who they are for. A transport's own object can be one: hence the names, and numbers for outcomes, which
 * are those of uWebSockets.js. Every method of one that is closed may throw.
 */
export interface Line {
  /** @returns {@link LINE_SENT}, {@link LINE_QUEUED}, or something else if the frame is lost. The bytes are copied or written by then. */
  send(bytes: Uint8Array | ArrayBuffer, binary: boolean, compress: boolean): number;
  /** Runs `write` with all its sends joined into one write to the network. */
  cork(write: () => void): unknown;
  /** Bytes accepted but not yet taken by the network. */
  getBufferedAmount(): number;
}

/** What goes over lines. */
interface LineFrame {
  readonly bytes: Uint8Array | ArrayBuffer;
  readonly binary: boolean;
}

/** Frames of one write, or one that is as large as it may be. */
export type LinePiece = readonly LineFrame[];

/** Nothing of it waits. */
export const LINE_SENT = 1;
/** It was accepted, and waits with others or by itself for the network. */
export const LINE_QUEUED = 0;
/** It is lost, and with it whatever would come behind. */
export const LINE_LOST = 2;

/**
 * Frames of one write fit here with their headers: a cork of uWebSockets.js holds 16 KiB, and what is beyond that goes out, or waits, in its
 * midst, where nothing could be skipped any more.
 */
const MOST_BYTES = 15 * 1024;
/** RFC 6455, 5.2: of a server, which masks nothing; such frames are of less than 64 KiB. */
const HEADER_BYTES = 4;

// One cork at a time runs synchronously, so its arguments can stand here instead of in a closure for each.
let corkedLine: Line | undefined;
let corkedFrames: LinePiece = [];
let outcome = LINE_SENT;
function sendCorked(): void {
  for (const { bytes, binary } of corkedFrames) {
    const sent = corkedLine?.send(bytes, binary, false);
    if (sent !== LINE_SENT && sent !== LINE_QUEUED) {
      outcome = LINE_LOST;
      return;
    }
  }
}

/**
 * Cuts frames where one write of a line is full. Their bytes are copied, if only once for all lines: of a whole buffer uWebSockets.js has
 * less to ask than of a view of one, which is a twentieth of what a send costs where several go out at once.
 */
export function cutForLines(frames: readonly Frame[]): readonly LinePiece[] {
  const pieces: LinePiece[] = [];
  let piece: LineFrame[] = [];
  let size = 0;
  for (const { bytes, binary } of frames) {
    const needed = bytes.byteLength + HEADER_BYTES;
    if (piece.length > 0 && size + needed > MOST_BYTES) {
      pieces.push(piece);
      piece = [];
      size = 0;
    }
    piece.push({ bytes: needed > MOST_BYTES ? bytes : new Uint8Array(bytes).buffer, binary });
    size += needed;
  }
  pieces.push(piece);
  return pieces;
}

/**
 * Sends one piece of {@link cutForLines} over a line that may be closed: an exception must not end the delivery to the others.
 *
 * @returns what became of the last, or {@link LINE_LOST} if any was lost.
 */
export function sendOver(line: Line, frames: LinePiece): number {
  try {
    const [first] = frames;
    if (frames.length === 1 && first !== undefined) {
      return line.send(first.bytes, first.binary, false);
    }
    corkedLine = line;
    corkedFrames = frames;
    outcome = LINE_SENT;
    line.cork(sendCorked);
    // What the cork held back was written at its end, and only now shows.
    return outcome === LINE_SENT && line.getBufferedAmount() > 0 ? LINE_QUEUED : outcome;
  } catch {
    return LINE_LOST;
  }
}
