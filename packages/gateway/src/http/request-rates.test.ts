import { describe, expect, it } from "vitest";
import { TimerWheel } from "../timer-wheel.ts";
import { RequestRates } from "./request-rates.ts";

const NOW = 1_800_000_000_000;

function fixture(requestsPerSecond: number, requestBurst: number) {
  let now = NOW;
  const wheel = new TimerWheel(() => now);
  const rates = new RequestRates({ requestsPerSecond, requestBurst }, wheel, () => now);
  const pass = (ms: number): void => {
    const until = now + ms;
    while (now < until) {
      now += 100;
      wheel.advance();
    }
  };
  return { rates, pass };
}

describe("RequestRates", () => {
  it("gives each its own rate, and says how long to wait", () => {
    const { rates, pass } = fixture(1, 2);
    expect([rates.take("a"), rates.take("a"), rates.take("b")]).toStrictEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(rates.take("a")).toBe(2_000);
    pass(2_000);
    expect(rates.take("a")).toBeUndefined();
  });

  it("makes nobody wait for ever, however many requests were refused", () => {
    const { rates, pass } = fixture(1, 2);
    for (let count = 0; count < 1_000; count += 1) {
      rates.take("a");
    }
    expect(rates.take("a")).toBe(4_000);
    pass(4_000);
    expect(rates.take("a")).toBeUndefined();
  });

  it("forgets who has not asked for so long that it makes no difference", () => {
    const { rates, pass } = fixture(10, 50);
    for (let index = 0; index < 100; index += 1) {
      rates.take(`user:${index}`);
    }
    pass(5_500);
    rates.take("user:0");
    expect(rates.size).toBe(100);
    pass(5_500);
    expect(rates.size).toBe(1);
    pass(11_000);
    expect(rates.size).toBe(0);
    rates.take("again");
    expect(rates.size).toBe(1);
  });
});
