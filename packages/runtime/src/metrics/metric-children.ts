/** One series of a counter. Resolve it once, keep it, increment it: there is no lookup behind `inc`. */
export interface CounterChild {
  /** Adds `amount`, 1 by default. What is not above zero is ignored: a counter never falls and never throws. */
  inc(amount?: number): void;
}

/** One series of a gauge. */
export interface GaugeChild {
  set(value: number): void;
  inc(amount?: number): void;
  dec(amount?: number): void;
}

/** One series of a histogram. */
export interface HistogramChild {
  /** Counts a value in the unit of the metric's name. What is not a number is ignored. */
  observe(value: number): void;
}

/** A counter's number, a plain field so that an increment is one addition. */
export class CounterCell implements CounterChild {
  value = 0;

  inc(amount = 1): void {
    if (amount > 0) this.value += amount;
  }
}

export class GaugeCell implements GaugeChild {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  inc(amount = 1): void {
    this.value += amount;
  }

  dec(amount = 1): void {
    this.value -= amount;
  }
}

export class HistogramCell implements HistogramChild {
  readonly bounds: readonly number[];
  /** Values per bucket, not yet cumulative; the last one is the infinite bucket. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    if (Number.isNaN(value)) return;
    const { bounds, counts } = this;
    let bucket = 0;
    // A handful of buckets, and most values fall into the first ones: a scan beats a binary search.
    while (bucket < bounds.length && value > (bounds[bucket] ?? value)) bucket += 1;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    this.sum += value;
  }
}
