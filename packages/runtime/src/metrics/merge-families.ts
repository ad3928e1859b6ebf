import type { FamilySnapshot, MergeRule, SampleSnapshot } from "./metric-snapshot.ts";

/** Tells the values of several processes apart, in metrics that are not added up. */
const PROCESS_LABEL = "process";

const COMBINE: Readonly<Record<MergeRule, (one: number, other: number) => number>> = {
  sum: (one, other) => one + other,
  min: Math.min,
  max: Math.max,
  // Never asked: the label makes every value the only one of its series.
  each: (one) => one,
};

/** The metrics of one process with its name in those that are shown for each process. */
export function ofProcess(families: readonly FamilySnapshot[], process: string): readonly FamilySnapshot[] {
  return families.map((family) =>
    family.merge === "each"
      ? {
          ...family,
          samples: family.samples.map((sample) => ({
            ...sample,
            labels: { ...sample.labels, [PROCESS_LABEL]: process },
          })),
        }
      : family,
  );
}

/** The metrics of several processes as those of one: values of the same series become one, by the rule of their metric. */
export function mergeFamilies(parts: readonly (readonly FamilySnapshot[])[]): readonly FamilySnapshot[] {
  const families = new Map<string, { family: FamilySnapshot; samples: Map<string, SampleSnapshot> }>();
  for (const family of parts.flat()) {
    let merged = families.get(family.name);
    if (merged === undefined) {
      merged = { family, samples: new Map() };
      families.set(family.name, merged);
    }
    const combine = COMBINE[family.merge];
    for (const sample of family.samples) {
      const key = seriesKey(sample);
      const other = merged.samples.get(key);
      merged.samples.set(
        key,
        other === undefined ? sample : { ...other, value: combine(other.value, sample.value) },
      );
    }
  }
  return Array.from(families.values(), ({ family, samples }) => ({
    ...family,
    samples: [...samples.values()],
  }));
}

function seriesKey({ metricName, labels }: SampleSnapshot): string {
  return JSON.stringify([
    metricName,
    Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)),
  ]);
}
