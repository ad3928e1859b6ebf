import { readEnvironment } from "@tidegate/testkit";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BrokenPromise } from "../../testing/model-judge.ts";
import { STEP_RANGE, takeStep, worldOptions } from "../../testing/model-steps.ts";
import { ModelWorld } from "../../testing/model-world.ts";
import type { TailRules } from "./tail-rules.ts";
import { TAIL_RULES } from "./tail-rules.ts";

// MODEL_STEPS=5000000 for a long run, MODEL_SEED to repeat one.
const environment = readEnvironment();
const STEPS = Number(environment["MODEL_STEPS"] ?? 300_000);
const SEED = Number(environment["MODEL_SEED"] ?? Date.now() % 1_000_000_000);
const MOST_STEPS = 400;
/** fast-check draws lengths about evenly. */
const RUNS = Math.ceil(STEPS / (MOST_STEPS * 0.475));

// Without a bias towards small numbers, which would favour some steps.
const steps = fc.array(fc.noBias(fc.nat({ max: STEP_RANGE })), { maxLength: MOST_STEPS, size: "max" });
const surroundings = fc.nat({ max: 1_000 });

function play(numbers: readonly number[], which: number, calm: boolean, rules?: TailRules): ModelWorld {
  const world = new ModelWorld({ ...worldOptions(which, calm), rules });
  for (const number of numbers) takeStep(world, number, which, calm);
  world.settle();
  return world;
}

describe("the promise of a tail", () => {
  it(`holds whatever happens (seed ${SEED})`, () => {
    let taken = 0;
    const began = performance.now();
    const sums = { delivered: 0, resumedRing: 0, resumedStream: 0, failed: 0, caughtUp: 0, caughtUpOn: 0 };
    const resets = new Map<string, number>();
    void fc.assert(
      fc.property(steps, surroundings, (numbers, which) => {
        const { tally, catchUps } = play(numbers, which, false);
        taken += numbers.length;
        sums.delivered += tally.delivered;
        sums.resumedRing += tally.resumedRing;
        sums.resumedStream += tally.resumedStream;
        sums.failed += tally.failed;
        sums.caughtUp += catchUps.times;
        sums.caughtUpOn += catchUps.messages;
        for (const [reason, count] of tally.resets) resets.set(reason, (resets.get(reason) ?? 0) + count);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    if (environment["MODEL_STEPS"] !== undefined) {
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      process.stdout.write(
        `${taken} steps in ${seconds} s: ${JSON.stringify({ ...sums, resets: Object.fromEntries(resets) })}\n`,
      );
    }
    expect(sums.delivered).toBeGreaterThan(RUNS);
    expect(sums.resumedRing).toBeGreaterThan(0);
    expect(sums.resumedStream).toBeGreaterThan(0);
    expect(sums.caughtUp).toBeGreaterThan(0);
    expect(sums.caughtUpOn).toBeGreaterThan(0);
    expect([...resets.keys()]).toEqual(
      expect.arrayContaining(["epoch", "expired", "future", "overflow", "too_far"]),
    );
  }, 1_200_000);

  it("is kept without a single reset as long as the store keeps everything", () => {
    void fc.assert(
      fc.property(steps, surroundings, (numbers, which) => {
        const { tally, catchUps } = play(numbers, which, true);
        expect([...tally.resets]).toEqual([]);
        expect(catchUps.resets).toBe(0);
      }),
      { numRuns: Math.ceil(RUNS / 4), seed: SEED },
    );
  }, 1_200_000);

  const defects: [string, TailRules][] = [
    ["the gap test is inverted", { ...TAIL_RULES, isGap: (last, known) => last < known }],
    ["what lies behind a gap is not held back", { ...TAIL_RULES, holdsBack: false }],
    ["a replica that has nothing is believed", { ...TAIL_RULES, trustsAbsence: true }],
  ];
  it.each(defects)("is missed when %s", (_, rules) => {
    const outcome = fc.check(
      fc.property(steps, surroundings, (numbers, which) => {
        play(numbers, which, false, rules);
      }),
      { numRuns: 2_000, seed: SEED, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    expect(outcome.errorInstance).toBeInstanceOf(BrokenPromise);
  });
});
