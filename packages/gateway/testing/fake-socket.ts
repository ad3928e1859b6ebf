import type { CloseName } from "@tidegate/protocol";
import { LINE_LOST, LINE_QUEUED, LINE_SENT, type Line } from "../src/fan-out/line.ts";
import type { SendOutcome, Socket } from "../src/socket.ts";

export interface SentFrame {
  readonly data: string;
  readonly binary: boolean;
  /** Sends of one cork share a number; 0 outside of any. */
  readonly cork: number;
}

/** A socket whose network the test controls: what a send leads to, and how much waits. */
export class FakeSocket implements Socket {
  readonly sent: SentFrame[] = [];
  readonly ends: { readonly name: CloseName; readonly reason: string }[] = [];
  pings = 0;
  corks = 0;
  /** What waits for the client to read it. */
  buffered = 0;
  /** Whether the client reads. If not, sends pile up in `buffered`. */
  reading = true;
  /** Decides single sends instead. */
  outcomes: SendOutcome[] = [];
  /** Called within each send. */
  onSend: () => void = () => {};
  #inCork = 0;
  readonly #line: Line = {
    cork: (write) => this.cork(write),
    getBufferedAmount: () => this.buffered,
    send: (bytes, binary) => {
      const outcome = this.send(new Uint8Array(bytes), binary);
      return outcome === "sent" ? LINE_SENT : outcome === "queued" ? LINE_QUEUED : LINE_LOST;
    },
  };

  get frames(): readonly string[] {
    return this.sent.map(({ data }) => data);
  }

  get messages(): readonly Readonly<Record<string, unknown>>[] {
    return this.frames.map((frame) => JSON.parse(frame));
  }

  send(frame: Uint8Array | string, binary: boolean): SendOutcome {
    const bytes = Buffer.from(frame);
    const outcome = this.ends.length > 0 ? "closed" : (this.outcomes.shift() ?? this.#natural());
    if (outcome === "sent" || outcome === "queued") {
      this.sent.push({ data: bytes.toString(), binary, cork: this.#inCork });
    }
    if (outcome === "queued" || (outcome === "sent" && !this.reading)) {
      this.buffered += bytes.byteLength;
    }
    this.onSend();
    return outcome;
  }

  get line(): Line | undefined {
    return this.ends.length > 0 ? undefined : this.#line;
  }

  cork(write: () => void): void {
    this.corks += 1;
    this.#inCork = this.corks;
    write();
    this.#inCork = 0;
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  ping(): void {
    this.pings += 1;
  }

  end(name: CloseName, reason: string): void {
    this.ends.push({ name, reason });
  }

  #natural(): SendOutcome {
    // Within a cork uWebSockets.js reports even what will not leave as sent, until its buffer is full.
    return this.reading || this.#inCork !== 0 ? "sent" : "queued";
  }
}
