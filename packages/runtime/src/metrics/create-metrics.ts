import { Counter, Gauge, Registry } from "prom-client";
import { CellHistogram } from "./cell-histogram.ts";
import { CounterCell, GaugeCell, HistogramCell } from "./metric-children.ts";
import {
  type CounterDeclaration,
  defineMetrics,
  type GaugeDeclaration,
  type MetricDeclaration,
  type MetricsTable,
} from "./metric-declaration.ts";
import type { MetricsOf } from "./metric-family.ts";
import type { FamilySnapshot, MergeRule, SampleSnapshot } from "./metric-snapshot.ts";
import { observeProcess, processMetrics } from "./process-metrics.ts";
import { ReadableStore, SeriesStore } from "./series-store.ts";

/** The other end of the metrics: what a scrape gets. */
export interface MetricsExposition {
  readonly contentType: string;
  /** The current values in the text format. Calls that overlap share one answer. */
  text(): Promise<string>;
  /** The current values as data, for another process to show. */
  snapshot(): Promise<readonly FamilySnapshot[]>;
}

export interface MetricsOptions {
  /** Whether `processMetrics` are exported too; no by default. Only one of the creations in a process should. */
  readonly process?: boolean;
}

export interface CreatedMetrics<Table extends MetricsTable> {
  readonly metrics: MetricsOf<Table>;
  readonly exposition: MetricsExposition;
  /** Ends the observation of the process. The metrics stay readable. Idempotent. */
  close(): void;
}

/**
 * Creates the metrics of a table in a registry of their own.
 *
 * @throws TypeError for what `defineMetrics` refuses, such as a name used twice in a table joined from several, and for the name
 *   of a process metric if these are wanted.
 */
export function createMetrics<const Table extends MetricsTable>(
  table: Table,
  options: MetricsOptions = {},
): CreatedMetrics<Table> {
  const { process: withProcess = false } = options;
  defineMetrics(table);
  const registry = new Registry();
  if (withProcess) checkNames(table);
  const metrics = familiesOf(table, registry);
  const observer = withProcess ? observeProcess(familiesOf(processMetrics, registry)) : undefined;

  const scrape = async (): Promise<string> => {
    await observer?.sample();
    return await registry.metrics();
  };
  let running: Promise<string> | undefined;
  const rules = mergeRules(withProcess ? [table, processMetrics] : [table]);
  const snapshot = async (): Promise<readonly FamilySnapshot[]> => {
    await observer?.sample();
    const families = await registry.getMetricsAsJSON();
    return families.map(({ name, help, type, values }) => ({
      name,
      help,
      kind: type as unknown as FamilySnapshot["kind"],
      merge: rules.get(name) ?? "sum",
      samples: values as readonly SampleSnapshot[],
    }));
  };
  const text = (): Promise<string> => {
    running ??= scrape().finally(() => {
      running = undefined;
    });
    return running;
  };
  return {
    metrics,
    exposition: Object.freeze({ contentType: registry.contentType, text, snapshot }),
    close: () => observer?.close(),
  };
}

function mergeRules(tables: readonly MetricsTable[]): ReadonlyMap<string, MergeRule> {
  const rules = new Map<string, MergeRule>();
  for (const declaration of tables.flatMap((table) => Object.values(table))) {
    rules.set(declaration.name, declaration.kind === "gauge" ? declaration.merge : "sum");
  }
  return rules;
}

function checkNames(table: MetricsTable): void {
  const taken = new Set<string>(Object.values(processMetrics).map(({ name }) => name));
  for (const { name } of Object.values(table)) {
    if (taken.has(name)) throw new TypeError(`metric ${name}: is the name of a process metric`);
  }
}

function familiesOf<Table extends MetricsTable>(table: Table, registry: Registry): MetricsOf<Table> {
  const families = Object.entries(table).map(
    ([key, declaration]) => [key, familyOf(declaration, registry)] as const,
  );
  // Each family is made from the declaration under the same key, which is all that the mapped type says.
  return Object.freeze(Object.fromEntries(families)) as unknown as MetricsOf<Table>;
}

function familyOf(declaration: MetricDeclaration, registry: Registry): unknown {
  switch (declaration.kind) {
    case "counter":
      return counterFamily(declaration, registry);
    case "gauge":
      return gaugeFamily(declaration, registry);
    case "histogram": {
      const store = new SeriesStore(declaration, () => new HistogramCell(declaration.buckets));
      new CellHistogram(declaration, store, registry);
      return store;
    }
  }
}

function counterFamily(declaration: CounterDeclaration, registry: Registry): ReadableStore<CounterCell> {
  const store = new ReadableStore(declaration, () => new CounterCell());
  new Counter({
    ...configurationOf(declaration, registry),
    collect() {
      this.reset();
      // prom-client refuses to count by an infinite or negative number; a reader may still return one.
      for (const { labels, value } of store.samples()) {
        this.inc(labels, value >= 0 && Number.isFinite(value) ? value : Number.NaN);
      }
    },
  });
  return store;
}

function gaugeFamily(declaration: GaugeDeclaration, registry: Registry): ReadableStore<GaugeCell> {
  const store = new ReadableStore(declaration, () => new GaugeCell());
  new Gauge({
    ...configurationOf(declaration, registry),
    collect() {
      this.reset();
      for (const { labels, value } of store.samples()) this.set(labels, value);
    },
  });
  return store;
}

function configurationOf({ name, help, labels }: MetricDeclaration, registry: Registry) {
  return { name, help, labelNames: labels, registers: [registry] };
}
