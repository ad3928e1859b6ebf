import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Liveness } from "./liveness.ts";

const TIMES = { intervalMs: 10_000, pongTimeoutMs: 3_000 };
const T0 = 1_800_000_000_000;

describe("Liveness", () => {
  it("pings when it is time, and is dead when nothing comes back in time", () => {
    const liveness = new Liveness(T0, TIMES, 1);
    const pingAt = liveness.dueAt;
    expect(liveness.check(pingAt - 1, TIMES, 0)).toBe("fine");
    expect(liveness.check(pingAt, TIMES, 0)).toBe("ping");
    expect(liveness.dueAt).toBe(pingAt + TIMES.pongTimeoutMs);
    expect(liveness.check(pingAt + TIMES.pongTimeoutMs - 1, TIMES, 0)).toBe("fine");
    expect(liveness.check(pingAt + TIMES.pongTimeoutMs, TIMES, 0)).toBe("dead");
  });

  it("goes on when something comes back in time, whatever it is", () => {
    const liveness = new Liveness(T0, TIMES, 1);
    const pingAt = liveness.dueAt;
    liveness.check(pingAt, TIMES, 0);
    liveness.heard();
    expect(liveness.check(pingAt + TIMES.pongTimeoutMs, TIMES, 0)).toBe("fine");
    expect(liveness.dueAt).toBeGreaterThan(pingAt + TIMES.pongTimeoutMs);
  });

  it("gives no more time for a second ping when the first is unanswered", () => {
    const times = { intervalMs: 1_000, pongTimeoutMs: 2_500 };
    const liveness = new Liveness(T0, times, 1);
    const first = liveness.dueAt;
    expect(liveness.check(first, times, 1)).toBe("ping");
    expect(liveness.check(first + 1_000, times, 1)).toBe("ping");
    expect(liveness.check(first + 2_000, times, 1)).toBe("ping");
    expect(liveness.check(first + 2_500, times, 1)).toBe("dead");
  });

  it("is never silent for longer than the interval, even if it is looked at a tick late", () => {
    const tick = 100;
    const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 600_000 }),
        fc.array(random, { minLength: 2 }),
        (intervalMs, draws) => {
          const times = { intervalMs, pongTimeoutMs: intervalMs };
          const liveness = new Liveness(T0, times, draws[0] ?? 0);
          let last = T0;
          for (const draw of draws) {
            const now = liveness.dueAt + tick;
            expect(liveness.check(now, times, draw)).toBe("ping");
            liveness.heard();
            expect(now - last).toBeLessThanOrEqual(intervalMs);
            expect(now - last).toBeGreaterThan(intervalMs / 4);
            last = now;
          }
        },
      ),
    );
  });

  it("spreads the first pings of connections made at once over half an interval", () => {
    const dueAt = [0, 0.25, 0.5, 0.75, 0.999].map((random) => new Liveness(T0, TIMES, random).dueAt);
    expect(new Set(dueAt).size).toBe(dueAt.length);
    expect(Math.max(...dueAt) - Math.min(...dueAt)).toBeGreaterThan(TIMES.intervalMs * 0.4);
  });
});
