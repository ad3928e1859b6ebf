/** Buckets per power of two: a figure read back is at most 1/128 off. */
const SUB_BUCKET_BITS = 7;
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
/** Holds everything up to 2^31 µs, 35 minutes. */
const BUCKETS = (32 - SUB_BUCKET_BITS) * SUB_BUCKETS;
const LARGEST = 2 ** 31 - 1;

/** Counts durations in microseconds in buckets that grow with them, so that recording one is an addition. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** Negative and oversized durations count as the nearest that fits. */
  record(microseconds: number): void {
    const value = Math.min(Math.max(Math.round(microseconds), 0), LARGEST);
    const index = bucketOf(value);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  /** The duration that `share` (0 to 1) of all do not exceed, in microseconds; NaN if nothing was recorded. */
  quantile(share: number): number {
    if (this.#total === 0) {
      return Number.NaN;
    }
    const wanted = Math.max(1, Math.ceil(this.#total * share));
    let seen = 0;
    for (let index = 0; index < BUCKETS; index += 1) {
      seen += this.#counts[index] ?? 0;
      if (seen >= wanted) {
        return largestOf(index);
      }
    }
    return LARGEST;
  }
}

/** Below twice the sub-buckets every value has a bucket of its own; above, 128 share each power of two. */
function bucketOf(value: number): number {
  if (value < 2 * SUB_BUCKETS) {
    return value;
  }
  const shift = 31 - Math.clz32(value) - SUB_BUCKET_BITS;
  return shift * SUB_BUCKETS + (value >> shift);
}

function largestOf(index: number): number {
  if (index < 2 * SUB_BUCKETS) {
    return index;
  }
  const shift = Math.floor(index / SUB_BUCKETS) - 1;
  return (index - shift * SUB_BUCKETS + 1) * 2 ** shift - 1;
}
