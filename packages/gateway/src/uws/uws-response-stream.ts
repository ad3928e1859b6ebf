import type { HttpResponse } from "uWebSockets.js";
import type { ResponseStream, StreamOwner, WriteOutcome } from "../http/http-exchange.ts";

// One cork at a time runs synchronously, so its arguments can stand here instead of in a closure per write.
let corkedNative: HttpResponse | undefined;
let corkedChunk: Uint8Array = new Uint8Array();
let corkedResult = false;
function writeCorked(): void {
  corkedResult = corkedNative?.write(corkedChunk) ?? false;
}
function endCorked(): void {
  corkedNative?.end();
}

/**
 * A streaming answer of uWebSockets.js.
 *
 * Each chunk is one corked write: outside of a cork it would be four to the network. The result tells whether all that was
 * written before is with the network; of the chunk itself up to 16 KB may wait in the cork's buffer and fail later.
 *
 * A write that fails makes uWebSockets.js cut a client that takes nothing for 10 seconds, without a word to us but the abort. Each
 * further write puts that off.
 */
export class UwsResponseStream implements ResponseStream {
  #native: HttpResponse | undefined;
  #owner: StreamOwner | undefined;

  constructor(native: HttpResponse, owner: StreamOwner) {
    this.#native = native;
    this.#owner = owner;
  }

  /** Whoever is to be told; nobody after the end. */
  get owner(): StreamOwner | undefined {
    return this.#owner;
  }

  write(chunk: Uint8Array): WriteOutcome {
    const native = this.#native;
    if (native === undefined) {
      return "closed";
    }
    corkedNative = native;
    corkedChunk = chunk;
    native.cork(writeCorked);
    corkedNative = undefined;
    return corkedResult ? "sent" : "queued";
  }

  end(): void {
    const native = this.#detach();
    if (native !== undefined) {
      // Not with the flag that ends the TCP connection: in a chunked body that would write a header into the body.
      corkedNative = native;
      native.cork(endCorked);
      corkedNative = undefined;
    }
  }

  cut(): void {
    this.#detach()?.close();
  }

  /** The native response is gone. */
  aborted(): void {
    const owner = this.#owner;
    this.#detach();
    owner?.gone();
  }

  #detach(): HttpResponse | undefined {
    const native = this.#native;
    this.#native = undefined;
    this.#owner = undefined;
    return native;
  }
}
