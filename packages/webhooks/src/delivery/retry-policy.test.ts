import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeliveryResult } from "./delivery-result.ts";
import { retryAfterMs } from "./retry-after.ts";
import { RetryPolicy } from "./retry-policy.ts";

const NOW = Date.UTC(2030, 0, 1);
/** Retries take 73.2 s, and nothing waits in the last tenth of what is left. */
const KEPT_MS = 1_073_200;
const LONGEST_MS = 973_200;
const result = (part: Partial<DeliveryResult>): DeliveryResult => ({
  outcome: "failed",
  at: NOW,
  durationMs: 1,
  ...part,
});

function policy(random = 0.5) {
  const options = { pausesMs: [1_000, 10_000], maxRetryAfterMs: 60_000, keepMessagesMs: KEPT_MS };
  return new RetryPolicy({ ...options, random: () => random });
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
    expect(policy().next({ attempt, since: NOW }, result(part), NOW)).toEqual(next);
  });

  it("is a retry however late, but none whose message would be lost by then", () => {
    const late = NOW + LONGEST_MS;
    const next = (attempt: number, now: number) => policy().next({ attempt, since: NOW }, result({}), now);
    expect(next(1, late - 1_000)).toEqual({ kind: "retry", at: late });
    expect(next(1, late - 999)).toEqual({ kind: "dead", reason: "expired" });
    expect(next(3, late)).toEqual({ kind: "dead", reason: "exhausted" });
  });

  it("spreads each pause by a fifth", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
        const next = policy(random).next({ attempt: 2, since: NOW }, result({}), NOW);
        const wait = next.kind === "retry" ? next.at - NOW : 0;
        expect(wait).toBeGreaterThanOrEqual(8_000);
        expect(wait).toBeLessThanOrEqual(12_000);
      }),
    );
  });
});

describe("what cannot be tried", () => {
  it.each([
    ["waits untried", 1, LONGEST_MS - 1, "paused", false],
    ["is given up untried before its message is lost", 1, LONGEST_MS + 1, "paused", true],
    ["waits while retries go on", 2, 73_200, "breaker", false],
    ["is given up when retries are over", 2, 73_201, "breaker", true],
    ["waits on for room", 2, 73_201, "full", false],
    ["is given up before its message is lost, for want of room", 2, LONGEST_MS + 1, "full", true],
  ] as const)("%s", (_, attempt, age, reason, expired) => {
    const now = NOW + age;
    expect(policy().isExpired({ attempt, since: NOW }, now, reason, now)).toBe(expired);
  });

  it("waits as long as retries go on, also where messages are kept hardly longer", () => {
    const options = { pausesMs: [1_000], maxRetryAfterMs: 0, random: () => 0.999 };
    const tight = new RetryPolicy({ ...options, keepMessagesMs: 1_201 });
    expect(tight.next({ attempt: 1, since: NOW }, result({}), NOW)).toMatchObject({ kind: "retry" });
    expect(tight.isExpired({ attempt: 2, since: NOW }, NOW + 1_200, "breaker", NOW + 1_200)).toBe(false);
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
