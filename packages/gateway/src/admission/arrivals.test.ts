import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Arrivals } from "./arrivals.ts";

function fixture(perTurn: number, mostWaiting = 1_000) {
  const faults: unknown[] = [];
  const entered: number[] = [];
  const arrivals = new Arrivals((error) => faults.push(error), perTurn, mostWaiting);
  const admit = (n: number): boolean => arrivals.admit(() => entered.push(n));
  return { arrivals, admit, entered, faults };
}

describe("Arrivals", () => {
  it("lets in at once who comes alone, and a crowd in order, some in each turn", async () => {
    const { admit, entered, arrivals } = fixture(3);
    for (let n = 0; n < 10; n += 1) {
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
    const { admit, arrivals, entered, faults } = fixture(1);
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
