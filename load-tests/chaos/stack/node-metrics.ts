/** Counters by their name and labels, as they stand in the text format: `name` or `name{label="value"}`. */
export type Counts = ReadonlyMap<string, number>;

const SAMPLE = /^([a-z_]+_total(?:\{[^}]*\})?) ([0-9.e+]+)$/i;

/** The counters in a `/metrics` page. */
export function parseCounts(page: string): Counts {
  const counts = new Map<string, number>();
  for (const line of page.split("\n")) {
    const [, name, value] = SAMPLE.exec(line) ?? [];
    if (name !== undefined) {
      counts.set(name, Number(value));
    }
  }
  return counts;
}

/** How much more `after` has than `before`; what has not changed is left out. */
export function countsSince(before: Counts, after: Counts): Counts {
  const difference = new Map<string, number>();
  for (const [name, value] of after) {
    const more = value - (before.get(name) ?? 0);
    if (more !== 0) {
      difference.set(name, more);
    }
  }
  return difference;
}

/** A counter's values by one label, summed over all others. */
export function byLabel(counts: Counts, name: string, label: string): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const [sample, value] of counts) {
    const [, found] = new RegExp(`^${name}\\{(?:.*,)?${label}="([^"]*)"`).exec(sample) ?? [];
    if (found !== undefined) {
      sums[found] = (sums[found] ?? 0) + value;
    }
  }
  return sums;
}
