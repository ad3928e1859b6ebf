import type { Frame } from "./format.ts";

const NEWLINE = 0x0a;

/**
 * Joins messages into frames of one message a line. A frame that is binary, or alone larger than a batch may be, stays as it is,
 * between the batches before and behind it.
 *
 * @param maxBytes of a batch.
 */
export function batchFrames(frames: readonly Frame[], maxBytes: number): readonly Frame[] {
  if (frames.length < 2) {
    return frames;
  }
  const batches: Frame[] = [];
  let start = 0;
  while (start < frames.length) {
    const end = endOfBatch(frames, start, maxBytes);
    batches.push(join(frames, start, end));
    start = end;
  }
  return batches;
}

function endOfBatch(frames: readonly Frame[], start: number, maxBytes: number): number {
  let bytes = -1;
  let end = start;
  for (; end < frames.length; end += 1) {
    const frame = frames[end];
    if (frame === undefined || frame.binary) {
      break;
    }
    bytes += 1 + frame.bytes.byteLength;
    if (bytes > maxBytes) {
      break;
    }
  }
  return Math.max(end, start + 1);
}

/** At least one frame. */
function join(frames: readonly Frame[], start: number, end: number): Frame {
  const last = frames[end - 1];
  if (last === undefined) {
    throw new TypeError("a batch holds one message at least");
  }
  if (end - start === 1) {
    return last;
  }
  let size = end - start - 1;
  for (let index = start; index < end; index += 1) {
    size += frames[index]?.bytes.byteLength ?? 0;
  }
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (let index = start; index < end; index += 1) {
    const message = frames[index]?.bytes;
    if (message !== undefined) {
      if (at > 0) {
        bytes[at] = NEWLINE;
        at += 1;
      }
      bytes.set(message, at);
      at += message.byteLength;
    }
  }
  return { bytes, binary: false, sequence: last.sequence, messages: end - start };
}
