import type { CounterChild, GaugeChild, HistogramChild } from "./metric-children.ts";
import type {
  CounterDeclaration,
  GaugeDeclaration,
  HistogramDeclaration,
  MetricDeclaration,
  MetricsTable,
} from "./metric-declaration.ts";

/** The values of a metric's labels; no argument at all for a metric without labels. */
export type LabelArguments<Label extends string> = [Label] extends [never]
  ? []
  : [labels: Readonly<Record<Label, string>>];

/** The series of one metric. */
export interface MetricFamily<Label extends string, Child> {
  /**
   * The series with these label values, created with zero on first use. Resolve it outside the hot path and keep it.
   * Beyond 1000 series all further label values share one series in which every label is `other`.
   */
  child(...labels: LabelArguments<Label>): Child;
}

/** A metric that can also be read from a number someone else keeps. */
export interface ReadableFamily<Label extends string, Child> extends MetricFamily<Label, Child> {
  /**
   * Reads the series from `read` at every scrape: the cheapest way to export a number that exists anyway. A `read` that
   * throws shows as NaN, so that one broken number does not hide the others.
   *
   * @throws TypeError if the series exists already.
   */
  fromFunction(read: () => number, ...labels: LabelArguments<Label>): void;
}

export type CounterFamily<Label extends string = never> = ReadableFamily<Label, CounterChild>;
export type GaugeFamily<Label extends string = never> = ReadableFamily<Label, GaugeChild>;
export type HistogramFamily<Label extends string = never> = MetricFamily<Label, HistogramChild>;

type FamilyOf<Declaration extends MetricDeclaration> =
  Declaration extends CounterDeclaration<infer Label>
    ? CounterFamily<Label>
    : Declaration extends GaugeDeclaration<infer Label>
      ? GaugeFamily<Label>
      : Declaration extends HistogramDeclaration<infer Label>
        ? HistogramFamily<Label>
        : never;

/** The handles of a table: `type GatewayMetrics = MetricsOf<typeof gatewayMetrics>`. */
export type MetricsOf<Table extends MetricsTable> = { readonly [Key in keyof Table]: FamilyOf<Table[Key]> };
