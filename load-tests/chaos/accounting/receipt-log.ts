/** How far a reset excuses: everything up to this sequence of the stream may be missing. */
export interface ResetMark {
  /** How many messages had been received before it. */
  readonly after: number;
  /** `undefined`: the client was not told, so up to the next message. */
  readonly upTo: number | undefined;
}

/** What one client has received of one channel, in the order in which it came. */
export class ReceiptLog {
  #numbers = new Uint32Array(16);
  #length = 0;
  #resets: ResetMark[] = [];

  /** Numbers of the messages. A view: valid until the next message. */
  get numbers(): Uint32Array {
    return this.#numbers.subarray(0, this.#length);
  }

  get resets(): readonly ResetMark[] {
    return this.#resets;
  }

  /** @param number below 2^32. */
  message(number: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Uint32Array(2 * this.#length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#length] = number;
    this.#length += 1;
  }

  reset(upTo: number | undefined): void {
    this.#resets.push({ after: this.#length, upTo });
  }

  clear(): void {
    this.#length = 0;
    this.#resets = [];
  }
}
