import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChannelEntry } from "./channel-entry.ts";
import { FlushLanes } from "./flush-lanes.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What comes when, by names that stand for entries. */
function fixture() {
  const log: string[] = [];
  const begin = Date.now();
  const lanes = new FlushLanes(Date.now, (entries) => {
    for (const entry of entries) {
      log.push(`${String(entry)} at ${Date.now() - begin}`);
    }
  });
  const add = (name: string, intervalMs: number): void =>
    lanes.add(name as unknown as ChannelEntry, intervalMs);
  return { lanes, log, add };
}

describe("FlushLanes", () => {
  it("hands over all that wait when the interval of the first of them is over", () => {
    const { log, add } = fixture();
    add("a", 100);
    vi.advanceTimersByTime(60);
    add("b", 100);
    vi.advanceTimersByTime(60);
    expect(log).toStrictEqual(["a at 100", "b at 100"]);
    add("a", 100);
    vi.advanceTimersByTime(200);
    expect(log.slice(2)).toStrictEqual(["a at 220"]);
  });

  it("keeps different intervals apart, with one timer", () => {
    const { log, add } = fixture();
    add("slow", 1_000);
    add("fast", 50);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(500);
    add("fast", 50);
    add("middle", 300);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(log).toStrictEqual(["fast at 50", "fast at 550", "middle at 800", "slow at 1000"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives up whoever waits, when asked to", () => {
    const { lanes, log, add } = fixture();
    add("a", 100);
    add("b", 1_000);
    expect(lanes.takeAll()).toStrictEqual(["a", "b"]);
    vi.advanceTimersByTime(2_000);
    expect(log).toStrictEqual([]);
  });
});
