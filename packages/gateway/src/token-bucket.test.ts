import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BucketVerdict, TokenBucket } from "./token-bucket.ts";

const T0 = 1_800_000_000_000;

function takeMany(
  bucket: TokenBucket,
  count: number,
  now: number,
  rate: number,
  burst: number,
): BucketVerdict[] {
  return Array.from({ length: count }, () => bucket.take(now, rate, burst));
}

describe("TokenBucket", () => {
  it("accepts a full burst at once, refuses as many more, then calls it a flood", () => {
    const bucket = new TokenBucket(3, T0);
    expect(takeMany(bucket, 7, T0, 1, 3)).toStrictEqual([
      "ok",
      "ok",
      "ok",
      "limited",
      "limited",
      "limited",
      "flood",
    ]);
  });

  it("accepts the rate for ever", () => {
    const bucket = new TokenBucket(1, T0);
    const verdicts = Array.from({ length: 1_000 }, (_, index) => bucket.take(T0 + index * 20, 50, 1));
    expect(new Set(verdicts)).toStrictEqual(new Set(["ok"]));
  });

  it("saves up no more than a burst", () => {
    const bucket = new TokenBucket(2, T0);
    expect(takeMany(bucket, 3, T0 + 3_600_000, 100, 2)).toStrictEqual(["ok", "ok", "limited"]);
  });

  it("takes nothing away when the clock is set back, and gives nothing twice when it is set forward again", () => {
    const bucket = new TokenBucket(2, T0);
    expect(bucket.take(T0 - 60_000, 1, 2)).toBe("ok");
    expect(bucket.take(T0 - 60_000, 1, 2)).toBe("ok");
    expect(bucket.take(T0 - 60_000, 1, 2)).toBe("limited");
    expect(bucket.take(T0 - 59_000, 1, 2)).toBe("limited");
  });

  it("accepts a message after the wait that it told, whatever went before", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(fc.nat({ max: 40 }), { maxLength: 300 }),
        (rate, burst, gaps) => {
          const bucket = new TokenBucket(burst, T0);
          let now = T0;
          for (const gap of gaps) {
            now += gap;
            const verdict = bucket.take(now, rate, burst);
            if (verdict === "limited") {
              const wait = bucket.retryAfterMs(rate);
              expect(wait).toBeGreaterThanOrEqual(1);
              expect(bucket.take(now + wait, rate, burst)).toBe("ok");
              return;
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("never accepts more than the burst and what the rate has brought since", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat({ max: 30 }), { maxLength: 200 }),
        (rate, burst, gaps) => {
          const bucket = new TokenBucket(burst, T0);
          let now = T0;
          let accepted = 0;
          for (const gap of gaps) {
            now += gap;
            accepted += bucket.take(now, rate, burst) === "ok" ? 1 : 0;
          }
          expect(accepted).toBeLessThanOrEqual(burst + ((now - T0) * rate) / 1_000 + 1e-6);
        },
      ),
    );
  });
});
