import type { MetricDeclaration } from "./metric-declaration.ts";

/** Most series one metric may have. A label that reaches it carries values it should not. */
export const MAX_SERIES = 1000;
const OVERFLOW_VALUE = "other";

export type LabelValues = Readonly<Record<string, string>>;

/** One series: its label values in the order of the declaration, and whatever holds its numbers. */
export interface Series<Cell> {
  readonly labels: LabelValues;
  readonly cell: Cell;
}

/** Keeps the series of one metric by their label values. */
export class SeriesStore<Cell> {
  readonly #declaration: MetricDeclaration;
  readonly #create: () => Cell;
  readonly #series = new Map<string, Series<Cell>>();

  constructor(declaration: MetricDeclaration, create: () => Cell) {
    this.#declaration = declaration;
    this.#create = create;
  }

  child(values: LabelValues = {}): Cell {
    const known = this.#series.get(this.keyOf(values));
    if (known !== undefined) return known.cell;
    if (this.#series.size < MAX_SERIES) return this.#add(values);
    const overflow = Object.fromEntries(this.#declaration.labels.map((label) => [label, OVERFLOW_VALUE]));
    return this.#series.get(this.keyOf(overflow))?.cell ?? this.#add(overflow);
  }

  /** All series. A metric without labels always has its one: a counter that appears with its first event hides that event. */
  series(): Iterable<Series<Cell>> {
    if (this.#declaration.labels.length === 0) this.child();
    return this.#series.values();
  }

  protected has(key: string): boolean {
    return this.#series.has(key);
  }

  protected keyOf(values: LabelValues): string {
    return JSON.stringify(this.#declaration.labels.map((label) => values[label]));
  }

  /** The label values in the order of the declaration, without properties that are no labels. */
  protected ordered(values: LabelValues): LabelValues {
    return Object.fromEntries(this.#declaration.labels.map((label) => [label, String(values[label])]));
  }

  #add(values: LabelValues): Cell {
    const cell = this.#create();
    this.#series.set(this.keyOf(values), { labels: this.ordered(values), cell });
    return cell;
  }
}

/** A number at the time of a scrape. */
export interface Sample {
  readonly labels: LabelValues;
  readonly value: number;
}

/** A store whose series can also be numbers that someone else keeps. */
export class ReadableStore<Cell extends { readonly value: number }> extends SeriesStore<Cell> {
  readonly #name: string;
  readonly #readers = new Map<string, Series<() => number>>();

  constructor(declaration: MetricDeclaration, create: () => Cell) {
    super(declaration, create);
    this.#name = declaration.name;
  }

  override child(values: LabelValues = {}): Cell {
    const key = this.keyOf(values);
    if (this.#readers.has(key))
      throw new TypeError(`metric ${this.#name}: the series ${key} is read from a function`);
    return super.child(values);
  }

  fromFunction(read: () => number, values: LabelValues = {}): void {
    const key = this.keyOf(values);
    if (this.#readers.has(key) || this.has(key)) {
      throw new TypeError(`metric ${this.#name}: the series ${key} exists already`);
    }
    this.#readers.set(key, { labels: this.ordered(values), cell: read });
  }

  samples(): Sample[] {
    const read = Array.from(this.#readers.values(), ({ labels, cell }) => ({
      labels,
      value: readSafely(cell),
    }));
    // The only series of a metric without labels is the reader, if there is one.
    const isTaken = this.#readers.has(this.keyOf({}));
    const own = isTaken
      ? []
      : Array.from(this.series(), ({ labels, cell }) => ({ labels, value: cell.value }));
    return [...read, ...own];
  }
}

function readSafely(read: () => number): number {
  try {
    return read();
  } catch {
    return Number.NaN;
  }
}
