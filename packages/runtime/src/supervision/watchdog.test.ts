import { describe, expect, test } from "vitest";
import { Watchdog } from "./watchdog.ts";

const TIMES = { startMs: 1000, silentChecks: 3 };

/** A watchdog, and the results of so many checks that are `stepMs` apart. */
function fixture() {
  let now = 5000;
  const watchdog = new Watchdog(TIMES, () => now);
  return {
    watchdog,
    check: (times: number, stepMs: number): readonly boolean[] =>
      Array.from({ length: times }, () => {
        now += stepMs;
        return watchdog.check();
      }),
  };
}

describe("the watchdog of a process", () => {
  test("judges nothing that starts, however often it is asked", () => {
    expect(fixture().check(900, 1)).not.toContain(true);
  });

  test("gives a process whose start took too long the time to be heard, and no more", () => {
    const { watchdog, check } = fixture();
    expect(check(5, 1000)).toStrictEqual([false, false, false, false, true]);
    watchdog.heard();
    expect(check(4, 1)).toStrictEqual([false, false, false, true]);
  });

  test("judges by its silence what was ready, at once and not by the clock", () => {
    const { watchdog, check } = fixture();
    watchdog.ready();
    expect(check(3, 1e6)).toStrictEqual([false, false, false]);
    watchdog.heard();
    expect(check(4, 1)).toStrictEqual([false, false, false, true]);
  });

  test("lets live what is heard and never ready", () => {
    const { watchdog, check } = fixture();
    for (let round = 0; round < 10; round += 1) {
      watchdog.heard();
      expect(check(3, 1000)).toStrictEqual([false, false, false]);
    }
  });
});
