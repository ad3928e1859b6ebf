import { round } from "../../charts/svg.ts";

export interface Plot {
  readonly xOf: (seconds: number) => number;
  readonly yOf: (value: number) => number;
  /** Seconds between two points that belong together; farther apart there is a gap. */
  readonly step: number;
}

type Point = readonly [seconds: number, value: number];

/** Stretches without a gap. */
export function stretches(points: readonly Point[], step: number): readonly (readonly Point[])[] {
  const found: Point[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    if (point[0] - last > step * 1.5) found.push([]);
    found.at(-1)?.push(point);
    last = point[0];
  }
  return found;
}

/** The path of a stretch, without the points that lie on a level line between two others. */
export function linePath(points: readonly Point[], { xOf, yOf }: Plot): string {
  const places = points.map(([seconds, value]) => [round(xOf(seconds)), round(yOf(value))] as const);
  const bends = places.filter(([, y], index) => y !== places[index - 1]?.[1] || y !== places[index + 1]?.[1]);
  const [first, ...rest] = bends.length > 0 ? bends : places.slice(0, 1);
  if (first === undefined) return "";
  // A single point would not be seen.
  if (rest.length === 0) return `M${first[0]} ${first[1]}h1`;
  return `M${first.join(" ")}L${rest.map((place) => place.join(" ")).join(" ")}`;
}
