import { describe, expect, it } from "vitest";
import { TurnBudget } from "./flush-budget.ts";

/** How many seats a turn serves if each takes so many ms. */
function seatsAt(msPerSeat: number): number {
  let uptime = 1_000;
  const budget = new TurnBudget(() => uptime);
  let seats = 0;
  budget.start();
  while (!budget.isSpent()) {
    seats += 1;
    uptime += msPerSeat;
  }
  return seats;
}

describe("TurnBudget", () => {
  it("ends a turn after 5 ms, give or take what 64 seats take", () => {
    expect(seatsAt(0.01)).toBeGreaterThanOrEqual(500);
    expect(seatsAt(0.01)).toBeLessThanOrEqual(564);
  });

  it("serves some seats in every turn, however slow they are", () => {
    expect(seatsAt(100)).toBe(64);
  });

  it("begins anew with each turn", () => {
    let uptime = 0;
    const budget = new TurnBudget(() => uptime);
    for (let turn = 0; turn < 3; turn += 1) {
      budget.start();
      expect(budget.isSpent()).toBe(false);
      uptime += 10;
    }
  });
});
