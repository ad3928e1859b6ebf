import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectRate } from "./connect-rate.ts";

describe("ConnectRate", () => {
  it("takes a burst and then its rate, whatever comes when", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat(50), { maxLength: 300 }),
        (connectsPerSecond, connectBurst, gaps) => {
          const rate = new ConnectRate({ connectsPerSecond, connectBurst }, 0);
          let now = 0;
          let taken = 0;
          for (const gap of gaps) {
            now += gap;
            const wait = rate.take(now);
            if (wait === undefined) {
              taken += 1;
            } else {
              expect(wait).toBeGreaterThan(0);
              expect(wait).toBeLessThanOrEqual(60_000);
            }
            expect(taken).toBeLessThanOrEqual(connectBurst + (now * connectsPerSecond) / 1000);
          }
        },
      ),
    );
  });

  it("has a storm come back as a queue, and takes all of it then", () => {
    const rate = new ConnectRate({ connectsPerSecond: 100, connectBurst: 10 }, 0);
    const waits = Array.from({ length: 1_010 }, () => rate.take(0)).filter((wait) => wait !== undefined);
    expect(waits).toHaveLength(1_000);
    expect(waits[0]).toBe(10);
    expect(waits.at(-1)).toBe(10_000);
    expect(waits.filter((wait) => rate.take(wait) !== undefined)).toStrictEqual([]);
  });
});
