/** How values of an axis are written: divided by this, with that behind. */
export interface UnitScale {
  readonly divisor: number;
  readonly suffix: string;
}

type Steps = readonly (readonly [from: number, suffix: string])[];

const PLAIN: Steps = [
  [1, ""],
  [1e3, " K"],
  [1e6, " Mil"],
];
const BYTES: Steps = [
  [1, " B"],
  [2 ** 10, " KiB"],
  [2 ** 20, " MiB"],
  [2 ** 30, " GiB"],
];
const BYTES_PER_SECOND: Steps = [
  [1, " B/s"],
  [1e3, " kB/s"],
  [1e6, " MB/s"],
  [1e9, " GB/s"],
];
const SECONDS: Steps = [
  [1e-6, " µs"],
  [1e-3, " ms"],
  [1, " s"],
  [60, " min"],
  [3600, " h"],
];

/**
 * The scale of an axis that ends about there, as Grafana names units.
 *
 * @throws TypeError for a unit that the dashboard did not use when this was written.
 */
export function unitScale(unit: string, most: number): UnitScale {
  switch (unit) {
    case "none":
      return { divisor: 1, suffix: "" };
    case "short":
      return largest(PLAIN, most);
    case "ops": {
      const { divisor, suffix } = largest(PLAIN, most);
      return { divisor, suffix: `${suffix} ops/s` };
    }
    case "bytes":
      return largest(BYTES, most);
    case "Bps":
      return largest(BYTES_PER_SECOND, most);
    case "s":
      return largest(SECONDS, most);
    case "percentunit":
      return { divisor: 0.01, suffix: "%" };
    default:
      throw new TypeError(`${unit} is no unit that can be drawn`);
  }
}

/** The last step that the value reaches; the first, if it reaches none. */
function largest(steps: Steps, most: number): UnitScale {
  const [divisor, suffix] = steps.findLast(([from]) => most >= from) ?? steps[0] ?? [1, ""];
  return { divisor, suffix };
}
