/**
 * - `size`: the line with the size of a chunk comes next.
 * - `data`: so many bytes of the chunk are still to come.
 * - `gap`: the line end behind a chunk comes next. uWebSockets.js sends it with the next chunk.
 * - `complete`: the last chunk has come.
 */
type State =
  | { readonly kind: "size" }
  | { readonly kind: "data"; readonly left: number }
  | { readonly kind: "gap" }
  | { readonly kind: "complete" };

/** Takes a chunked body (RFC 9112 section 7.1) apart, in pieces of any size. Without extensions and trailers, which nobody sends here. */
export class ChunkedBody {
  #state: State = { kind: "size" };
  #rest = Buffer.alloc(0);

  get isComplete(): boolean {
    return this.#state.kind === "complete";
  }

  /** @throws TypeError for what is no chunk. */
  push(bytes: Uint8Array): Buffer {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const parts: Buffer[] = [];
    while (this.#step(parts)) {
      // Until something is missing.
    }
    return Buffer.concat(parts);
  }

  #step(parts: Buffer[]): boolean {
    const state = this.#state;
    switch (state.kind) {
      case "size": {
        const end = this.#rest.indexOf("\r\n");
        if (end === -1) {
          return false;
        }
        const line = this.#take(end + 2).toString("latin1", 0, end);
        if (!/^[0-9a-fA-F]+$/.test(line)) {
          throw new TypeError(`${JSON.stringify(line)} is no chunk size`);
        }
        const left = Number.parseInt(line, 16);
        this.#state = left === 0 ? { kind: "complete" } : { kind: "data", left };
        return true;
      }
      case "data": {
        const part = this.#take(Math.min(state.left, this.#rest.length));
        parts.push(part);
        const left = state.left - part.length;
        this.#state = left === 0 ? { kind: "gap" } : { kind: "data", left };
        return left === 0;
      }
      case "gap":
        if (this.#rest.length < 2) {
          return false;
        }
        if (this.#take(2).toString("latin1") !== "\r\n") {
          throw new TypeError("a chunk does not end where it said");
        }
        this.#state = { kind: "size" };
        return true;
      case "complete":
        return false;
    }
  }

  #take(count: number): Buffer {
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }
}
