/** Told what a stream says. */
export interface EventStreamListener {
  /** An event with data. Its id, and every other, is in {@link EventStreamParser.lastEventId} already. */
  onEvent(event: string, data: string): void;
  /** The wait before a reconnect, in milliseconds. */
  onRetry(milliseconds: number): void;
}

const LINE_END = /\r\n|\n|\r/g;
const DIGITS = /^[0-9]+$/;
const BYTE_ORDER_MARK = "\ufeff";

/** Reads `text/event-stream` from pieces cut anywhere, as the HTML standard tells browsers to (section 9.2.6). */
export class EventStreamParser {
  readonly #listener: EventStreamListener;
  #carry = "";
  #started = false;
  /** A CR has ended a line at the end of a piece: an LF at the start of the next belongs to it. */
  #afterCr = false;
  #event = "";
  #data: string[] = [];
  #id: string;
  #lastEventId: string;

  /** @param lastEventId what the connection before ended with. */
  constructor(listener: EventStreamListener, lastEventId = "") {
    this.#listener = listener;
    this.#id = lastEventId;
    this.#lastEventId = lastEventId;
  }

  /** What a reconnect sends as `Last-Event-ID`; empty: nothing. Ids of events that are not finished do not count. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  push(piece: string): void {
    let text = piece;
    if (text === "") {
      return;
    }
    if (!this.#started) {
      this.#started = true;
      text = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    }
    if (this.#afterCr && text !== "") {
      text = text.startsWith("\n") ? text.slice(1) : text;
      this.#afterCr = false;
    }
    text = this.#carry + text;
    let start = 0;
    for (const { index, 0: end } of text.matchAll(LINE_END)) {
      this.#line(text.slice(start, index));
      start = index + end.length;
      this.#afterCr = end === "\r" && start === text.length;
    }
    this.#carry = text.slice(start);
  }

  #line(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) {
      return;
    }
    const field = colon === -1 ? line : line.slice(0, colon);
    const behind = colon === -1 ? "" : line.slice(colon + 1);
    const value = behind.startsWith(" ") ? behind.slice(1) : behind;
    switch (field) {
      case "event":
        this.#event = value;
        break;
      case "data":
        this.#data.push(value);
        break;
      case "id":
        if (!value.includes("\0")) {
          this.#id = value;
        }
        break;
      case "retry":
        if (DIGITS.test(value)) {
          this.#listener.onRetry(Number(value));
        }
        break;
    }
  }

  #dispatch(): void {
    this.#lastEventId = this.#id;
    const data = this.#data;
    const event = this.#event;
    this.#event = "";
    this.#data = [];
    // An event of one empty data line has empty data, which browsers do dispatch; without any such line they do not.
    if (data.length > 0) {
      this.#listener.onEvent(event === "" ? "message" : event, data.join("\n"));
    }
  }
}
