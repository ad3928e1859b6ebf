/** Of what a panel shows; Grafana's names. */
type Unit = "short" | "ops" | "Bps" | "bytes" | "s" | "percentunit" | "none";

/** A query, and what its lines are called: `{{label}}` stands for the value of a label. */
export type Query = readonly [expression: string, legend: string];

export interface Panel {
  readonly title: string;
  /** What to see in it, for who looks at night. */
  readonly help: string;
  readonly unit: Unit;
  /** From where on it is bad: a line across the panel. */
  readonly threshold?: number;
  readonly queries: readonly Query[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** What the variables of the dashboard choose. */
const SCOPE = 'namespace=~"$namespace",instance=~"$instance"';
/** Names of process metrics are those of every Node.js program: only the job tells whose they are. */
export const OWN_JOBS = 'job=~"(.+/)?tidegate-(gateway|webhooks)"';
const OWN = `${OWN_JOBS},${SCOPE}`;

/** The series of a metric that the variables choose, and further matchers. */
export function series(metric: string, ...matchers: readonly string[]): string {
  const scope = /^(?:nodejs|process|supervisor)_/.test(metric) ? OWN : SCOPE;
  return `${metric}{${[...matchers, scope].join(",")}}`;
}

/** How often in a second, all together or by labels. */
export function rate(metric: string, by: string | readonly string[]): Query {
  return sumBy(`rate(${series(metric)}[$__rate_interval])`, by);
}

/**
 * The same of those values alone by which anything happened in the time that is shown: of codes there are dozens, and most stay at zero.
 * Nothing at all where nothing happened.
 */
export function happened(metric: string, by: readonly string[]): Query {
  const [often, legend] = rate(metric, by);
  const [times] = sumBy(`increase(${series(metric)}[$__range])`, by);
  return [`${often}\nand ${times} > 0`, legend];
}

/** How many there are, all together or by labels. */
export function level(metric: string, by: string | readonly string[]): Query {
  return sumBy(series(metric), by);
}

/** How much each process has of it. */
export function each(metric: string, legend = "{{instance}} {{process}}"): Query {
  return [series(metric), legend];
}

/** The worst of all processes. */
export function most(metric: string, legend: string): Query {
  return [`max(${series(metric)})`, legend];
}

/** The median and the 99th percentile. */
export function quantiles(histogram: string): readonly Query[] {
  return [0.5, 0.99].map((share) => [
    `histogram_quantile(${share}, sum by (le) (rate(${series(`${histogram}_bucket`)}[$__rate_interval])))`,
    `p${share * 100}`,
  ]);
}

/** A text names the only line there is; a list is of the labels by which there are several. */
function sumBy(expression: string, by: string | readonly string[]): Query {
  if (typeof by === "string") return [`sum(${expression})`, by];
  return [`sum by (${by.join(", ")}) (${expression})`, by.map((label) => `{{${label}}}`).join(" ")];
}
