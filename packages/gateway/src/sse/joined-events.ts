/**
 * The events of one flush as one chunk. The same list goes to all streams that sit in a channel alone, one right after the other,
 * and is joined only once for them.
 */
export class JoinedEvents {
  #events: readonly { readonly bytes: Uint8Array }[] | undefined;
  #joined: Uint8Array = new Uint8Array();

  /** Called for each stream, so it allocates nothing: no closure, and no iterator, which taking the list apart would cost. */
  of(events: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
    const only = events.length === 1 ? events[0] : undefined;
    if (only !== undefined) {
      return only.bytes;
    }
    if (events !== this.#events) {
      this.#join(events);
    }
    return this.#joined;
  }

  #join(events: readonly { readonly bytes: Uint8Array }[]): void {
    this.#joined = Buffer.concat(events.map(({ bytes }) => bytes));
    this.#events = events;
    // Not kept beyond this turn: it may be large, and nobody else will ask.
    setImmediate(() => this.#forget());
  }

  #forget(): void {
    this.#events = undefined;
    this.#joined = new Uint8Array();
  }
}
