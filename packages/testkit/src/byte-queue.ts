/** Bytes that arrive in pieces and are read from the front, at a cost that grows with their number only. */
export class ByteQueue {
  #buffer = Buffer.alloc(4096);
  #start = 0;
  #end = 0;

  /** What is unread. Valid until the next push. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  push(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Takes a number of bytes away from the front. */
  drop(length: number): void {
    this.#start += length;
  }

  /** Doubling means that every byte is moved only a few times, however many there are. */
  #makeRoom(length: number): void {
    const unread = this.bytes;
    const larger = Buffer.alloc(Math.max(2 * unread.length + length, 4096));
    larger.set(unread);
    this.#buffer = larger;
    this.#start = 0;
    this.#end = unread.length;
  }
}
