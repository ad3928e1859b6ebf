import { niceCeiling } from "../../charts/svg.ts";
import { unitScale } from "./unit-scale.ts";

export interface Tick {
  readonly value: number;
  readonly text: string;
}

export interface ValueAxis {
  /** Where it ends; it begins at 0. */
  readonly end: number;
  readonly ticks: readonly Tick[];
}

const ABOUT = 4;
/** Of an axis on which everything is zero. */
const LEAST = 1;
/** Seconds between marks of time. */
const TIME_STEPS = [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600] as const;
const MOST_TIMES = 6;

/** An axis from 0 to the next round value, with about four marks in units that suit. */
export function valueAxis(unit: string, most: number): ValueAxis {
  const top = most > 0 ? most : LEAST;
  const { divisor, suffix } = unitScale(unit, top);
  const step = niceCeiling(top / divisor / ABOUT);
  const count = Math.ceil(top / divisor / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, index) => {
    const shown = Number((index * step).toPrecision(6));
    return { value: shown * divisor, text: `${shown}${suffix}` };
  });
  return { end: count * step * divisor, ticks };
}

/** Marks at round times of day, of a stretch in seconds since 1970; UTC. */
export function timeTicks(from: number, to: number): readonly Tick[] {
  const step =
    TIME_STEPS.find((one) => (to - from) / one <= MOST_TIMES) ?? TIME_STEPS[TIME_STEPS.length - 1] ?? 60;
  const first = Math.ceil(from / step) * step;
  const ticks: Tick[] = [];
  for (let value = first; value <= to; value += step) {
    ticks.push({ value, text: new Date(value * 1000).toISOString().slice(11, step < 60 ? 19 : 16) });
  }
  return ticks;
}
