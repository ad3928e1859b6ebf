import { Histogram, type Registry } from "prom-client";
import type { HistogramCell } from "./metric-children.ts";
import type { HistogramDeclaration } from "./metric-declaration.ts";
import type { LabelValues, SeriesStore } from "./series-store.ts";

interface Sample {
  readonly metricName: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, number | string>>;
  readonly sharedLabels: LabelValues;
}

/**
 * A histogram of prom-client that shows our cells instead of its own.
 *
 * prom-client looks up the labels of every observation by a string that it builds from them: 1.8 µs where a cell takes
 * 0.03 (measured with 14 buckets and one label). Counters and gauges can be filled in just before a scrape, histograms
 * cannot.
 */
export class CellHistogram extends Histogram {
  readonly #declaration: HistogramDeclaration;
  readonly #store: SeriesStore<HistogramCell>;

  constructor(declaration: HistogramDeclaration, store: SeriesStore<HistogramCell>, registry: Registry) {
    const { name, help, labels, buckets } = declaration;
    super({ name, help, labelNames: labels, buckets: [...buckets], registers: [registry] });
    this.#declaration = declaration;
    this.#store = store;
  }

  /** What prom-client 15 calls to write a histogram as text. */
  async getForPromString(): Promise<{
    name: string;
    help: string;
    type: "histogram";
    values: readonly Sample[];
  }> {
    const { name, help } = this.#declaration;
    const values = [...this.#store.series()].flatMap(({ labels, cell }) => samplesOf(name, labels, cell));
    return { name, help, type: "histogram", values };
  }

  /** What it calls to give a histogram as data; there, each value carries all of its labels. */
  override async get() {
    const { name, help, values } = await this.getForPromString();
    const merged = values.map(({ metricName, value, labels, sharedLabels }) => ({
      metricName,
      value,
      labels: { ...sharedLabels, ...labels },
    }));
    return { ...(await super.get()), name, help, values: merged };
  }
}

function samplesOf(name: string, sharedLabels: LabelValues, cell: HistogramCell): Sample[] {
  let total = 0;
  const samples = Array.from(cell.counts, (count, bucket): Sample => {
    total += count;
    const le = cell.bounds[bucket] ?? "+Inf";
    return { metricName: `${name}_bucket`, value: total, labels: { le }, sharedLabels };
  });
  samples.push({ metricName: `${name}_sum`, value: cell.sum, labels: {}, sharedLabels });
  samples.push({ metricName: `${name}_count`, value: total, labels: {}, sharedLabels });
  return samples;
}
