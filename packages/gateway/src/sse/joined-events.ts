/**
 * The events of one flush as one chunk. The same list goes to all streams that sit in a channel alone, one right after the other,
 * and is joined only once for them.
 */
export class JoinedEvents {
  #events: readonly { readonly bytes: Uint8Array }[] | undefined;
  #joined: Uint8Array = new Uint8Array();

  of(events: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
    const [only] = events;
    if (events.length === 1 && only !== undefined) {
      return only.bytes;
    }
    if (events !== this.#events) {
      this.#joined = Buffer.concat(events.map(({ bytes }) => bytes));
      this.#events = events;
      // Not kept beyond this turn: it may be large, and nobody else will ask.
      setImmediate(() => this.#forget());
    }
    return this.#joined;
  }

  #forget(): void {
    this.#events = undefined;
    this.#joined = new Uint8Array();
  }
}
