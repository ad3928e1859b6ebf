/** A block of an event stream: an event if it has data, else only what it changes. */
export interface StreamBlock {
  readonly event: string;
  /** `undefined`: nothing is dispatched. */
  readonly data: string | undefined;
  /** As of this block, also if an earlier one set it. */
  readonly lastEventId: string;
  /** Set by this block. */
  readonly hasId: boolean;
}

/** Reads an event stream as the HTML Living Standard, section 9.2.6, says a browser does. */
export class EventStreamParser {
  /** From the last `retry:`, in ms. */
  retryMs: number | undefined;
  readonly comments: string[] = [];
  #buffer = "";
  #isFirst = true;
  #event = "";
  #data: string | undefined;
  #lastEventId = "";
  #hasId = false;

  /** @returns the blocks that have become complete. A CR at the end waits for what follows: it may be half of a CRLF. */
  push(text: string): readonly StreamBlock[] {
    this.#buffer += text;
    if (this.#isFirst && this.#buffer !== "") {
      this.#buffer = this.#buffer.replace(/^\uFEFF/, "");
      this.#isFirst = false;
    }
    const blocks: StreamBlock[] = [];
    for (;;) {
      const end = /\r\n|\r(?!$)|\n/.exec(this.#buffer);
      if (end === null) {
        return blocks;
      }
      const line = this.#buffer.slice(0, end.index);
      this.#buffer = this.#buffer.slice(end.index + end[0].length);
      if (line !== "") {
        this.#line(line);
      } else {
        const block = this.#finish();
        if (block !== undefined) {
          blocks.push(block);
        }
      }
    }
  }

  #line(line: string): void {
    if (line.startsWith(":")) {
      this.comments.push(line.slice(1));
      return;
    }
    const [, field = "", value = ""] = /^([^:]*)(?:: ?)?(.*)$/s.exec(line) ?? [];
    if (field === "event") {
      this.#event = value;
    } else if (field === "data") {
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    } else if (field === "id" && !value.includes("\0")) {
      this.#lastEventId = value;
      this.#hasId = true;
    } else if (field === "retry" && /^[0-9]+$/.test(value)) {
      this.retryMs = Number(value);
    }
  }

  #finish(): StreamBlock | undefined {
    const block = {
      event: this.#event === "" ? "message" : this.#event,
      data: this.#data,
      lastEventId: this.#lastEventId,
      hasId: this.#hasId,
    };
    this.#event = "";
    this.#data = undefined;
    this.#hasId = false;
    return block.data !== undefined || block.hasId ? block : undefined;
  }
}
