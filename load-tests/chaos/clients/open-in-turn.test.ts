import { expect, test } from "vitest";
import { openInTurn } from "./open-in-turn.ts";

class Slow {
  #joined = false;
  isServed = false;
  static underWay = 0;
  static mostUnderWay = 0;

  join(): void {
    expect(this.#joined).toBe(false);
    this.#joined = true;
    Slow.underWay += 1;
    Slow.mostUnderWay = Math.max(Slow.mostUnderWay, Slow.underWay);
    setTimeout(() => {
      Slow.underWay -= 1;
      this.isServed = true;
    }, 5);
  }
}

test.each([0, 1, 3, 4, 9])("%d clients are all served when they are said to be", async (count) => {
  const clients = Array.from({ length: count }, () => new Slow());
  Slow.mostUnderWay = 0;
  expect(await openInTurn(clients, { inFlight: 4, limitMs: 60_000, pollMs: 1 })).toBe(true);
  expect(clients.every(({ isServed }) => isServed)).toBe(true);
  expect(Slow.mostUnderWay).toBe(Math.min(count, 4));
});

test("who is never served is not waited for longer than that", async () => {
  const deaf = { isServed: false, join: () => {} };
  expect(await openInTurn([deaf], { inFlight: 4, limitMs: 5, pollMs: 1 })).toBe(false);
});
