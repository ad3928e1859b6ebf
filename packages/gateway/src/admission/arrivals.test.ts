import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Arrivals } from "./arrivals.ts";

/** Letting one in takes 1 ms unless told otherwise. */
function fixture(turnMs: number, mostWaiting = 1_000) {
  const faults: unknown[] = [];
  const entered: number[] = [];
  const clock = { now: 0 };
  const arrivals = new Arrivals({
    ...{ turnMs, mostWaiting },
    onFault: (error) => faults.push(error),
    uptime: () => clock.now,
  });
  const admit = (n: number, takesMs = 1): boolean =>
    arrivals.admit(() => {
      clock.now += takesMs;
      entered.push(n);
    });
  return { arrivals, admit, entered, faults };
}

describe("Arrivals", () => {
  it("lets in at once who comes alone, and a crowd in order, some in each turn", async () => {
    const { admit, entered, arrivals } = fixture(3);
    for (let n = 0; n < 10; n += 1) {
      expect(arrivals.isOpen).toBe(n < 3);
      expect(admit(n)).toBe(true);
    }
    expect(entered).toStrictEqual([0, 1, 2]);
    expect(arrivals.waiting).toBe(7);
    await nextTurn();
    expect(entered).toHaveLength(6);
    // Somebody who comes meanwhile is behind those who wait.
    admit(10);
    while (arrivals.waiting > 0) {
      const before = entered.length;
      await nextTurn();
      expect(entered.length - before).toBeLessThanOrEqual(3);
    }
    expect(entered).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await nextTurn();
    await nextTurn();
    admit(11);
    expect(entered.at(-1)).toBe(11);
  });

  it("lets fewer in where each takes long, and no more than a hundred whose work comes later", async () => {
    const slow = fixture(10);
    for (let n = 0; n < 10; n += 1) {
      slow.admit(n, 4);
    }
    expect(slow.entered).toHaveLength(3);
    await nextTurn();
    expect(slow.entered).toHaveLength(6);
    const later = fixture(10);
    for (let n = 0; n < 300; n += 1) {
      later.admit(n, 0);
    }
    // Sums of tenths are not exact.
    expect(Math.abs(later.entered.length - 100)).toBeLessThanOrEqual(1);
  });

  it("lets those who come while others are let in wait for a later turn", async () => {
    const { admit, arrivals, entered } = fixture(3);
    for (let n = 0; n < 3; n += 1) {
      admit(n);
    }
    arrivals.admit(() => admit(4));
    admit(3);
    await nextTurn();
    expect(entered).toStrictEqual([0, 1, 2, 3]);
    await nextTurn();
    expect(entered).toStrictEqual([0, 1, 2, 3, 4]);
  });

  it("turns away whom it has no room for", async () => {
    const { admit, entered, arrivals } = fixture(2, 5);
    const taken = Array.from({ length: 10 }, (_, n) => admit(n));
    expect(taken.filter((isTaken) => isTaken)).toHaveLength(7);
    while (arrivals.waiting > 0) {
      await nextTurn();
    }
    expect(entered).toStrictEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(admit(10)).toBe(true);
  });

  it("is not stopped by a newcomer that fails", async () => {
    const { admit, arrivals, entered, faults } = fixture(0.1);
    const failure = new Error("fell over the doorstep");
    const fail = (): void => {
      throw failure;
    };
    arrivals.admit(fail);
    arrivals.admit(fail);
    admit(1);
    while (arrivals.waiting > 0) {
      await nextTurn();
    }
    expect(faults).toStrictEqual([failure, failure]);
    expect(entered).toStrictEqual([1]);
  });
});
