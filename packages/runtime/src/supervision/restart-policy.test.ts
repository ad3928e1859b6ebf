import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterExit, isHopeless, type WorkerState } from "./restart-policy.ts";

const waiting = (failures: number): WorkerState => ({ kind: "waiting", failures, until: 0 });

describe("the restart policy", () => {
  test("starts again soon, later after each failure, and never waits longer than it may", () => {
    const random = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.nat(200), fc.nat(1e9), random, random, (failures, now, one, other) => {
        const first = afterExit({ kind: "starting", failures }, now, one);
        const second = afterExit({ kind: "starting", failures: first.failures }, now, other);
        expect(first.failures).toBe(failures + 1);
        expect(first.until - now).toBeGreaterThanOrEqual(150);
        expect(second.until - now).toBeLessThanOrEqual(37_500);
        // Jitter is less than the doubling, as long as there is one.
        if (failures < 6) expect(second.until).toBeGreaterThan(first.until);
      }),
    );
  });

  test("forgives what was before a long run", () => {
    const ran = (ms: number): WorkerState => ({ kind: "running", failures: 4, since: 1_000_000 - ms });
    expect(afterExit(ran(60_000), 1_000_000, 0.5)).toStrictEqual({
      kind: "waiting",
      failures: 1,
      until: 1_000_200,
    });
    expect(afterExit(ran(59_999), 1_000_000, 0.5).failures).toBe(5);
  });

  test("gives up only when every worker failed again and again and none runs", () => {
    const running: WorkerState = { kind: "running", failures: 9, since: 0 };
    expect(isHopeless([waiting(5), waiting(6)])).toBe(true);
    expect(isHopeless([waiting(5), { kind: "starting", failures: 5 }])).toBe(true);
    expect(isHopeless([waiting(5), waiting(4)])).toBe(false);
    expect(isHopeless([waiting(5), running])).toBe(false);
  });
});
