import { LatencyHistogram } from "./latency-histogram.ts";

/** What became of the messages of one phase. */
export interface DeliveryReport {
  readonly received: number;
  /** Published and never seen by a client that should have. */
  readonly lost: number;
  /** Seen twice, or after a later one. */
  readonly repeated: number;
  /** Publish to receipt, in microseconds; NaN if nothing was received. */
  readonly p50Micros: number;
  readonly p99Micros: number;
}

/**
 * Checks that every client gets each message of its channel once and in order. Messages of a channel are numbered from 0 in each phase.
 */
export class DeliveryLedger {
  /** By client: the number of the message that should come next. */
  readonly #next: Float64Array;
  readonly #expected: Float64Array;
  readonly #latencies = new LatencyHistogram();
  readonly #complete = Promise.withResolvers<void>();
  readonly #wanted: number;
  #received = 0;
  #skipped = 0;
  #repeated = 0;

  /** @param expected how many messages each client is going to be sent in this phase. */
  constructor(expected: readonly number[]) {
    this.#expected = Float64Array.from(expected);
    this.#next = new Float64Array(expected.length);
    this.#wanted = expected.reduce((sum, count) => sum + count, 0);
    if (this.#wanted === 0) {
      this.#complete.resolve();
    }
  }

  /** Resolves when as many messages have been received as there should be. May never do so. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  record(client: number, sequence: number, latencyMicros: number): void {
    const next = this.#next[client] ?? 0;
    if (sequence < next) {
      this.#repeated += 1;
      return;
    }
    this.#skipped += sequence - next;
    this.#next[client] = sequence + 1;
    this.#latencies.record(latencyMicros);
    this.#received += 1;
    if (this.#received === this.#wanted) {
      this.#complete.resolve();
    }
  }

  report(): DeliveryReport {
    let missing = 0;
    for (const [client, expected] of this.#expected.entries()) {
      missing += Math.max(0, expected - (this.#next[client] ?? 0));
    }
    return {
      received: this.#received,
      lost: this.#skipped + missing,
      repeated: this.#repeated,
      p50Micros: this.#latencies.quantile(0.5),
      p99Micros: this.#latencies.quantile(0.99),
    };
  }
}
