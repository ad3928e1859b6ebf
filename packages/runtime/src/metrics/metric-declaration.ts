import type { MergeRule } from "./metric-snapshot.ts";

/** A metric as a table declares it. `Label` is the closed set of its label names; `never` if it has none. */
export type MetricDeclaration<Label extends string = string> =
  | CounterDeclaration<Label>
  | GaugeDeclaration<Label>
  | HistogramDeclaration<Label>;

interface Declared<Label extends string> {
  /** The full name in the exposition: `tidegate_messages_delivered_total`. */
  readonly name: string;
  /** One sentence: what is counted, and when. */
  readonly help: string;
  readonly labels: readonly Label[];
}

export interface CounterDeclaration<Label extends string = string> extends Declared<Label> {
  readonly kind: "counter";
}

export interface GaugeDeclaration<Label extends string = string> extends Declared<Label> {
  readonly kind: "gauge";
  /** What the several processes of one host come to, where they are shown together. */
  readonly merge: MergeRule;
}

export interface HistogramDeclaration<Label extends string = string> extends Declared<Label> {
  readonly kind: "histogram";
  /** Upper bounds of the buckets, ascending, without the infinite one. */
  readonly buckets: readonly number[];
}

export type MetricsTable = Readonly<Record<string, MetricDeclaration>>;

/** From half a millisecond to ten seconds: what a request or a delivery may take. */
export const SECONDS_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** `process` is what tells the values of several processes apart. */
const RESERVED_LABELS: ReadonlySet<string> = new Set(["le", "quantile", "process"]);

// NoInfer in the results: the label names come from the argument alone, never from what the caller expects.

/** Something that only grows. The name ends in `_total`. */
export function counter<const Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
): CounterDeclaration<NoInfer<Label>> {
  return { kind: "counter", name, help, labels };
}

/** Something that goes up and down. `merge`: see {@link MergeRule}. */
export function gauge<const Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
  merge: MergeRule = "sum",
): GaugeDeclaration<NoInfer<Label>> {
  return { kind: "gauge", name, help, labels, merge };
}

/** How values spread. Durations are in seconds and the name ends in `_seconds`; sizes are in bytes and it ends in `_bytes`. */
export function histogram<const Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
  buckets: readonly number[] = SECONDS_BUCKETS,
): HistogramDeclaration<NoInfer<Label>> {
  return { kind: "histogram", name, help, labels, buckets };
}

/**
 * Makes a closed table of metrics: what a service exports and what its reference lists.
 *
 * @throws TypeError for a name, label or bucket list that Prometheus or this house would not take, or a name used twice.
 */
export function defineMetrics<const Table extends MetricsTable>(table: Table): Readonly<Table> {
  const names = new Set<string>();
  for (const declaration of Object.values(table)) {
    checkDeclaration(declaration);
    if (names.has(declaration.name)) throw new TypeError(`metric ${declaration.name}: declared twice`);
    names.add(declaration.name);
  }
  return Object.freeze({ ...table });
}

function checkDeclaration(declaration: MetricDeclaration): void {
  const { kind, name, help, labels } = declaration;
  const refuse = (reason: string): never => {
    throw new TypeError(`metric ${name}: ${reason}`);
  };
  if (!/^[a-z][a-z0-9_]*$/.test(name)) refuse("a name is lower case with underscores");
  if ((kind === "counter") !== name.endsWith("_total")) refuse("counters, and only they, end in _total");
  if (help.trim() === "") refuse("needs a help text");
  if (new Set(labels).size !== labels.length) refuse("a label is named twice");
  for (const label of labels) {
    if (!/^[a-z][a-z0-9_]*$/.test(label) || RESERVED_LABELS.has(label))
      refuse(`label ${label} is not allowed`);
  }
  if (kind !== "histogram") return;
  if (!/_(seconds|bytes)$/.test(name)) refuse("a histogram's name ends in its unit, _seconds or _bytes");
  const { buckets } = declaration;
  const ascending = buckets.every((bound, index) => index === 0 || bound > (buckets[index - 1] ?? bound));
  if (buckets.length === 0 || !buckets.every(Number.isFinite) || !ascending)
    refuse("buckets must be finite and ascending");
}
