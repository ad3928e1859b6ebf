import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeliveryResult } from "./delivery-result.ts";
import { retryAfterMs } from "./retry-after.ts";
import { RetryPolicy } from "./retry-policy.ts";

const NOW = Date.UTC(2030, 0, 1);
const result = (part: Partial<DeliveryResult>): DeliveryResult => ({
  outcome: "failed",
  at: NOW,
  durationMs: 1,
  ...part,
});

function policy(random = 0.5) {
  return new RetryPolicy({ pausesMs: [1_000, 10_000], maxRetryAfterMs: 60_000, random: () => random });
}

describe("what follows an attempt", () => {
  it.each([
    [{ outcome: "delivered" }, 1, { kind: "done" }],
    [{ outcome: "gone" }, 1, { kind: "dead", reason: "gone" }],
    [{ outcome: "refused" }, 1, { kind: "dead", reason: "refused" }],
    [{ outcome: "failed" }, 1, { kind: "retry", at: NOW + 1_000 }],
    [{ outcome: "timeout" }, 2, { kind: "retry", at: NOW + 10_000 }],
    [{ outcome: "unreachable" }, 3, { kind: "dead", reason: "exhausted" }],
    [{ outcome: "failed", retryAfterMs: 500 }, 1, { kind: "retry", at: NOW + 1_000 }],
    [{ outcome: "failed", retryAfterMs: 5_000 }, 1, { kind: "retry", at: NOW + 5_500 }],
    [{ outcome: "failed", retryAfterMs: 9e9 }, 1, { kind: "retry", at: NOW + 66_000 }],
  ] as const)("%j after attempt %i is %j", (part, attempt, next) => {
    expect(policy().next(attempt, result(part), NOW)).toEqual(next);
  });

  it("spreads each pause by a fifth, and ends within the lifetime", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
        const next = policy(random).next(2, result({}), NOW);
        const wait = next.kind === "retry" ? next.at - NOW : 0;
        expect(wait).toBeGreaterThanOrEqual(8_000);
        expect(wait).toBeLessThanOrEqual(12_000);
        expect(policy(random).lifetimeMs).toBeGreaterThan(13_200);
      }),
    );
  });
});

describe("Retry-After", () => {
  it.each([
    ["120", 120_000],
    ["0", 0],
    ["Tue, 01 Jan 2030 00:00:30 GMT", 30_000],
    ["Mon, 31 Dec 2029 00:00:30 GMT", undefined],
    ["-5", undefined],
    ["1.5", undefined],
    ["2030-01-01", undefined],
    ["soon", undefined],
    [undefined, undefined],
  ])("%s is %s ms", (value, ms) => {
    expect(retryAfterMs(value, NOW)).toBe(ms);
  });
});
