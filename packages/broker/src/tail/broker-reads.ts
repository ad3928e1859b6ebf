import { BrokerError } from "../broker-error.ts";
import type { Faults } from "../faults.ts";
import type { StreamReader } from "../store/stream-reader.ts";
import type { ReadLimiter } from "./read-limiter.ts";
import type { SharedHeads } from "./shared-heads.ts";
import type { Answer, TailReads } from "./tail-reads.ts";

export interface BrokerReadsParts {
  readonly reader: StreamReader;
  readonly heads: SharedHeads;
  readonly limiter: ReadLimiter;
  readonly faults: Faults;
}

/** Pauses are longer by up to this share, so that many tails that wait for the same do not go on in step. */
const PAUSE_JITTER = 0.5;

/** What tails of a namespace read: requests to NATS, bounded over the whole node, and pauses. */
export class BrokerReads implements TailReads {
  readonly #parts: BrokerReadsParts;

  constructor(parts: BrokerReadsParts) {
    this.#parts = parts;
  }

  state: TailReads["state"] = (answer) => {
    // Inquiries at the same time are one already.
    this.#settle(this.#parts.reader.state(0), answer);
  };

  heads: TailReads["heads"] = (filter, answer) => {
    this.#settle(this.#parts.heads.heads(filter), answer);
  };

  head: TailReads["head"] = (channel, answer) => {
    this.#limited(() => this.#parts.reader.head(channel), answer);
  };

  next: TailReads["next"] = (filter, from, answer) => {
    this.#limited(() => this.#parts.reader.next(filter, from), answer);
  };

  batch: TailReads["batch"] = (filter, from, limit, maxBytes, answer) => {
    this.#limited(() => this.#parts.reader.batch(filter, from, limit, maxBytes), answer);
  };

  wait: TailReads["wait"] = (ms, done) => {
    setTimeout(
      () => this.#parts.faults.run("a pause of a tail", done),
      ms * (1 + Math.random() * PAUSE_JITTER),
    ).unref();
  };

  #limited<Value>(read: () => Promise<Value>, answer: Answer<Value>): void {
    this.#settle(this.#parts.limiter.run(read), answer);
  }

  #settle<Value>(outcome: Promise<Value>, answer: Answer<Value>): void {
    const settled = (value: Value | BrokerError) => this.#parts.faults.run("a tail", () => answer(value));
    outcome.then(settled, (error: unknown) => {
      // Whatever it is, the tail has to hear of it: else it would wait for good.
      settled(
        error instanceof BrokerError
          ? error
          : new BrokerError("unavailable", "a read of the stream failed", { cause: error }),
      );
    });
  }
}
