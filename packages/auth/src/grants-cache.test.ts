import { GrantSet } from "@tidegate/protocol";
import { describe, expect, it } from "vitest";
import { GrantsCache } from "./grants-cache.ts";

function grantsOf(cache: GrantsCache, value: unknown): GrantSet {
  const compiled = cache.compile(value);
  if (!compiled.ok) {
    throw new Error(compiled.message);
  }
  return compiled.grants;
}

describe("GrantsCache", () => {
  it("gives equal grants the same set", () => {
    const cache = new GrantsCache();
    const first = grantsOf(cache, { subscribe: ["chat.>"], publish: ["chat.{sub}"] });
    expect(grantsOf(cache, { subscribe: ["chat.>"], publish: ["chat.{sub}"] })).toBe(first);
    expect(grantsOf(cache, { subscribe: ["chat.>"] })).not.toBe(first);
  });

  it("gives tokens without grants the set that allows nothing", () => {
    expect(grantsOf(new GrantsCache(), undefined)).toBe(GrantSet.none);
  });

  it("neither accepts nor keeps malformed grants", () => {
    const cache = new GrantsCache();
    expect(cache.compile({ subscribe: ["a..b"] })).toMatchObject({
      ok: false,
      message: expect.stringContaining("a..b"),
    });
    expect(cache.compile(null).ok).toBe(false);
    expect(cache.size).toBe(0);
  });

  it("holds a bounded number and drops the one unused for longest", () => {
    const cache = new GrantsCache();
    const first = grantsOf(cache, { subscribe: ["chat.0"] });
    const second = grantsOf(cache, { subscribe: ["chat.1"] });
    for (let index = 2; index < 1_000; index += 1) {
      cache.compile({ subscribe: [`chat.${index}`] });
    }
    expect(grantsOf(cache, { subscribe: ["chat.0"] })).toBe(first);
    cache.compile({ subscribe: ["chat.one-more"] });
    expect(cache.size).toBe(1_000);
    expect(grantsOf(cache, { subscribe: ["chat.0"] })).toBe(first);
    expect(grantsOf(cache, { subscribe: ["chat.1"] })).not.toBe(second);
  });

  it("compiles but does not keep grants of exceptional length", () => {
    const cache = new GrantsCache();
    const long = {
      subscribe: Array.from({ length: 150 }, (_, index) => `chat.some-long-room-name-${index}`),
    };
    expect(grantsOf(cache, long).allows("subscribe", "chat.some-long-room-name-149", "alice")).toBe(true);
    expect(cache.size).toBe(0);
  });
});
