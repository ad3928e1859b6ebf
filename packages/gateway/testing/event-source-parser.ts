/** An event that an EventSource would dispatch. */
export interface DispatchedEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

/**
 * Reads an event stream as HTML, section 9.2.6, says that a browser does: decoding, lines, fields, dispatch. Takes the bytes in
 * pieces of any size.
 */
export class EventSourceParser {
  readonly events: DispatchedEvent[] = [];
  readonly comments: string[] = [];
  /** What a reconnecting EventSource would send as Last-Event-ID. */
  lastEventId = "";
  /** The reconnection time, once a `retry` set it. */
  retryMs: number | undefined;
  /** Events and blocks without data that were completed by a blank line. */
  blocks = 0;
  // Strips one leading byte order mark, as the decode algorithm does.
  readonly #decoder = new TextDecoder("utf-8");
  #text = "";
  #data = "";
  #eventType = "";
  #idBuffer = "";
  #skipsLineFeed = false;

  push(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    for (;;) {
      if (this.#skipsLineFeed && this.#text.startsWith("\n")) {
        this.#text = this.#text.slice(1);
      }
      if (this.#text === "") {
        return;
      }
      this.#skipsLineFeed = false;
      const end = this.#text.search(/[\r\n]/);
      if (end === -1) {
        return;
      }
      // The line feed of a pair may not have arrived yet.
      this.#skipsLineFeed = this.#text[end] === "\r";
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      this.#line(line);
    }
  }

  #line(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) {
      this.comments.push(line.slice(1));
      return;
    }
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    switch (field) {
      case "event":
        this.#eventType = value;
        return;
      case "data":
        this.#data += `${value}\n`;
        return;
      case "id":
        if (!value.includes("\0")) {
          this.#idBuffer = value;
        }
        return;
      case "retry":
        if (/^[0-9]+$/.test(value)) {
          this.retryMs = Number(value);
        }
        return;
    }
  }

  #dispatch(): void {
    this.blocks += 1;
    this.lastEventId = this.#idBuffer;
    const data = this.#data;
    const type = this.#eventType;
    this.#data = "";
    this.#eventType = "";
    if (data !== "") {
      this.events.push({
        type: type === "" ? "message" : type,
        data: data.endsWith("\n") ? data.slice(0, -1) : data,
        lastEventId: this.lastEventId,
      });
    }
  }
}
