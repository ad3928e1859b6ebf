import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Linger } from "./linger.ts";

describe("Linger", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function create(lingerMs: number) {
    const expired: string[] = [];
    return { expired, linger: new Linger<string>(lingerMs, (item) => expired.push(item)) };
  }

  it("keeps an item for the linger and then expires it once", () => {
    const { linger, expired } = create(8_000);
    linger.add("a");
    vi.advanceTimersByTime(7_999);
    expect(expired).toEqual([]);
    expect(linger.size).toBe(1);
    vi.advanceTimersByTime(1_001);
    expect(expired).toEqual(["a"]);
    expect(linger.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not expire an item that was taken back", () => {
    const { linger, expired } = create(8_000);
    linger.add("a");
    linger.add("b");
    linger.remove("a");
    vi.advanceTimersByTime(20_000);
    expect(expired).toEqual(["b"]);
  });

  it("counts the time anew for an item that comes again", () => {
    const { linger, expired } = create(8_000);
    linger.add("a");
    vi.advanceTimersByTime(6_000);
    linger.remove("a");
    linger.add("a");
    vi.advanceTimersByTime(7_000);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(2_000);
    expect(expired).toEqual(["a"]);
  });

  it("uses one timer however many items there are, and none without any", () => {
    const { linger, expired } = create(8_000);
    for (let index = 0; index < 1_000; index++) {
      linger.add(`item ${index}`);
      vi.advanceTimersByTime(1);
    }
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(expired).toHaveLength(1_000);
    expect(expired[0]).toBe("item 0");
    expect(vi.getTimerCount()).toBe(0);
    linger.add("last");
    linger.remove("last");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("expires at once without a linger, and everything on demand", () => {
    const none = create(0);
    none.linger.add("a");
    expect(none.expired).toEqual(["a"]);
    const { linger, expired } = create(8_000);
    linger.add("b");
    linger.add("c");
    linger.expireAll();
    expect(expired).toEqual(["b", "c"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
