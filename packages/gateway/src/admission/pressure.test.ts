import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CALM, isShedding, nextPressure, type Pressure, type PressureRule } from "./pressure.ts";

const RULE: PressureRule = { high: 10, low: 5, riseMs: 100, easeMs: 300 };

interface Reading {
  readonly at: number;
  readonly value: number;
  readonly sheds: boolean;
}

function run(steps: readonly (readonly [afterMs: number, value: number])[], rule = RULE): Reading[] {
  let state: Pressure = CALM;
  let at = 0;
  return steps.map(([afterMs, value]) => {
    at += afterMs;
    state = nextPressure(state, value, at, rule);
    return { at, value, sheds: isShedding(state) };
  });
}

const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 0, max: 15 })), {
  maxLength: 60,
});

describe("pressure", () => {
  it("sheds after too much for long enough, and only then; ends after enough rest, and only then", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const readings = run(taken);
        for (const [index, reading] of readings.entries()) {
          const before = readings[index - 1]?.sheds ?? false;
          const past = readings.slice(0, index + 1);
          /** Whether `holds` has held at every reading for so long. */
          const lasted = (holds: (value: number) => boolean, ms: number): boolean => {
            const broken = past.findLastIndex(({ value }) => !holds(value));
            const first = past[broken + 1];
            return first !== undefined && reading.at - first.at >= ms;
          };
          const expected = before
            ? !lasted((value) => value <= RULE.low, RULE.easeMs)
            : lasted((value) => value >= RULE.high, RULE.riseMs);
          expect(reading.sheds).toBe(expected);
        }
      }),
    );
  });

  it("stays as it is between the two marks", () => {
    const between = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 6, max: 9 })));
    fc.assert(
      fc.property(between, (taken) => {
        expect(run(taken).some(({ sheds }) => sheds)).toBe(false);
        const loaded = run([[0, 15], [100, 15], ...taken]);
        expect(loaded.slice(1).every(({ sheds }) => sheds)).toBe(true);
      }),
    );
  });

  it("changes at once where no time is demanded", () => {
    const rule = { high: 1, low: 0, riseMs: 0, easeMs: 0 };
    const sheds = run(
      [
        [1, 1],
        [1, 0],
        [1, 1],
      ],
      rule,
    ).map((reading) => reading.sheds);
    expect(sheds).toStrictEqual([true, false, true]);
  });
});
