interface Receiver {
  receive(data: ArrayBuffer, binary: boolean): void;
}

/** Enough for `connect` with a long token and what may come behind it; who sends more would be closed for that anyway. */
const MOST_FRAMES = 64;
const MOST_BYTES = 65_536;

/** What a client sends after the upgrade and before the node has come to it. */
export class EarlyFrames {
  readonly #frames: { readonly data: ArrayBuffer; readonly binary: boolean }[] = [];
  #bytes = 0;

  /** Keeps a copy; false if it is too much. `data` is only lent. */
  hold(data: ArrayBuffer, binary: boolean): boolean {
    this.#bytes += data.byteLength;
    if (this.#bytes > MOST_BYTES || this.#frames.length >= MOST_FRAMES) {
      return false;
    }
    this.#frames.push({ data: data.slice(), binary });
    return true;
  }

  /** Gives all of them, in order, to a receiver that deals with each as if it had just come. */
  passTo(receiver: Receiver): void {
    for (const { data, binary } of this.#frames.splice(0)) {
      receiver.receive(data, binary);
    }
  }
}
