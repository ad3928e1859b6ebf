import type { Readable } from "node:stream";

/** An answer is read a little further than it is kept, so that its connection can be used again. */
const READ_FACTOR = 8;
const MIN_READ_BYTES = 65_536;

/**
 * Reads the beginning of a body as text. A short body is read to its end; a long one is cut off, and its connection with it.
 *
 * @returns undefined for an empty body. Bytes that are not UTF-8 are replaced.
 */
export async function readSome(body: Readable, keepBytes: number): Promise<string | undefined> {
  const limit = Math.max(MIN_READ_BYTES, keepBytes * READ_FACTOR);
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const data: Buffer = Buffer.from(chunk);
    if (bytes < keepBytes) kept.push(data.subarray(0, keepBytes - bytes));
    bytes += data.length;
    // Leaving the loop destroys the stream.
    if (bytes > limit) break;
  }
  return bytes === 0 ? undefined : Buffer.concat(kept).toString("utf8");
}
