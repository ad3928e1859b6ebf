import { LatencyHistogram } from "./latency-histogram.ts";

/**
 * What became of the messages of one phase. Durations are publish to receipt, in microseconds; NaN if nothing was
 * received.
 */
export interface LedgerReport {
  readonly received: number;
  /**
   * Numbers that were jumped over, client by client. A missing end is not among them: nobody here knows how many
   * should come.
   */
  readonly skipped: number;
  /** Seen twice, or after a later one. */
  readonly repeated: number;
  /** From the first publish to the last receipt. */
  readonly spanMicros: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
}

/** Accounts for the messages of clients that have one channel each. Those of a channel are numbered without a gap. */
export class DeliveryLedger {
  readonly #first: number;
  /** By client: the number of the message that should come next. */
  readonly #next: Float64Array;
  readonly #latencies = new LatencyHistogram();
  #received = 0;
  #skipped = 0;
  #repeated = 0;
  #firstPublish = Number.POSITIVE_INFINITY;
  #lastReceipt = 0;

  /** @param first number of each channel's first message; earlier ones are not counted at all. */
  constructor(clients: number, first = 0) {
    this.#first = first;
    this.#next = new Float64Array(clients).fill(first);
  }

  /** @param publishedAt and `receivedAt`: microseconds of one clock. */
  record(client: number, sequence: number, publishedAt: number, receivedAt: number): void {
    if (sequence < this.#first) {
      return;
    }
    const next = this.#next[client] ?? 0;
    if (sequence < next) {
      this.#repeated += 1;
      return;
    }
    this.#skipped += sequence - next;
    this.#next[client] = sequence + 1;
    this.#latencies.record(receivedAt - publishedAt);
    this.#firstPublish = Math.min(this.#firstPublish, publishedAt);
    this.#lastReceipt = receivedAt;
    this.#received += 1;
  }

  report(): LedgerReport {
    return {
      received: this.#received,
      skipped: this.#skipped,
      repeated: this.#repeated,
      spanMicros: this.#received === 0 ? 0 : this.#lastReceipt - this.#firstPublish,
      p50Micros: this.#latencies.quantile(0.5),
      p99Micros: this.#latencies.quantile(0.99),
      p999Micros: this.#latencies.quantile(0.999),
    };
  }
}
