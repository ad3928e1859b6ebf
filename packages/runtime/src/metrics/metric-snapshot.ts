/**
 * What becomes of a gauge's values when the processes of a host are shown as one. Counters and histograms are summed.
 *
 * - `sum`, `min`, `max`: one value for all.
 * - `each`: a value per process, told apart by the label `process`: a sum would hide the one that is in trouble.
 */
export type MergeRule = "sum" | "min" | "max" | "each";

export interface SampleSnapshot {
  /** The full name where it differs from the family's, as in histograms. */
  readonly metricName?: string | undefined;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly value: number;
}

/** One metric of one process at one moment, as data that can travel between processes. */
export interface FamilySnapshot {
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly merge: MergeRule;
  readonly samples: readonly SampleSnapshot[];
}
