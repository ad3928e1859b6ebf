import { GrantSet } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenCache, type VerifiedToken } from "./token-cache.ts";

const KEYS = { name: "keys" };
const NEXT_KEYS = { name: "next keys" };

function verified(user: string, validFrom = 0, validUntil = 100): VerifiedToken {
  const identity = { user, expiresAt: validUntil, issuedAt: 0, grants: GrantSet.none, claims: undefined };
  return { ok: true, identity, validFrom, validUntil };
}

describe("TokenCache", () => {
  it("gives what was kept as long as it holds, to the millisecond", () => {
    const cache = new TokenCache(KEYS);
    const ada = verified("ada", 10, 20);
    cache.keep("a", KEYS, ada);
    expect([9, 10, 19, 20].map((now) => cache.find("a", KEYS, now))).toStrictEqual([
      undefined,
      ada,
      ada,
      undefined,
    ]);
    expect(cache.find("b", KEYS, 10)).toBeUndefined();
  });

  it("forgets everything with the keys that it was verified by, and does not take it back with them", () => {
    const cache = new TokenCache(KEYS);
    cache.keep("a", KEYS, verified("ada"));
    expect(cache.find("a", NEXT_KEYS, 1)).toBeUndefined();
    expect(cache.size).toBe(0);
    expect(cache.find("a", KEYS, 1)).toBeUndefined();
    cache.keep("a", KEYS, verified("ada"));
    cache.keep("b", NEXT_KEYS, verified("bob"));
    expect(cache.size).toBe(1);
  });

  it("keeps what is used when it is full, and lets go of what is not", () => {
    const cache = new TokenCache(KEYS, 8);
    cache.keep("used", KEYS, verified("ada"));
    cache.keep("unused", KEYS, verified("bob"));
    for (let index = 0; index < 50; index += 1) {
      cache.keep(`other ${index}`, KEYS, verified("eve"));
      expect(cache.find("used", KEYS, 1)?.identity.user).toBe("ada");
    }
    expect(cache.find("unused", KEYS, 1)).toBeUndefined();
  });

  it("names tokens by a digest, and long ones not at all", () => {
    expect(TokenCache.digest("a.b.c")).toMatch(/^[\w-]{43}$/);
    expect(TokenCache.digest("a.b.c")).not.toBe(TokenCache.digest("a.b.d"));
    expect(TokenCache.digest("x".repeat(2_048))).toBeDefined();
    expect(TokenCache.digest("x".repeat(2_049))).toBeUndefined();
  });

  it("never holds more than it may, and never gives what is not so", () => {
    const step = fc.record({
      keep: fc.boolean(),
      token: fc.integer({ min: 0, max: 30 }),
      keys: fc.constantFrom(KEYS, KEYS, KEYS, NEXT_KEYS),
      now: fc.integer({ min: 0, max: 120 }),
      from: fc.integer({ min: 0, max: 60 }),
      life: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = new TokenCache<object>(KEYS, 8);
        const kept = new Map<string, { readonly token: VerifiedToken; readonly keys: object }>();
        for (const { keep, token, keys, now, from, life } of steps) {
          const digest = String(token);
          if (keep) {
            const entry = verified(digest, from, from + life);
            cache.keep(digest, keys, entry);
            kept.set(digest, { token: entry, keys });
          } else {
            const found = cache.find(digest, keys, now);
            if (found !== undefined) {
              expect(kept.get(digest)).toStrictEqual({ token: found, keys });
              expect(now >= found.validFrom && now < found.validUntil).toBe(true);
            }
          }
          expect(cache.size).toBeLessThanOrEqual(8);
        }
      }),
    );
  });
});
