import type { ResponseStream, WriteOutcome } from "../src/http/http-exchange.ts";
import { EventSourceParser } from "./event-source-parser.ts";

/** A streaming answer whose network the test controls. */
export class FakeResponseStream implements ResponseStream {
  readonly parser = new EventSourceParser();
  readonly chunks: string[] = [];
  /** Whether the client reads. If not, everything is queued. */
  reading = true;
  ending: "open" | "ended" | "cut" = "open";

  write(chunk: Uint8Array): WriteOutcome {
    if (this.ending !== "open") {
      return "closed";
    }
    if (chunk.byteLength === 0) {
      throw new TypeError("an empty chunk ends a chunked body");
    }
    this.chunks.push(Buffer.from(chunk).toString());
    this.parser.push(chunk);
    return this.reading ? "sent" : "queued";
  }

  end(): void {
    this.ending = "ended";
  }

  cut(): void {
    this.ending = "cut";
  }

  get text(): string {
    return this.chunks.join("");
  }
}
