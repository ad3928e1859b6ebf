import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findMostDeliveries, type RateTrial } from "./most-deliveries.ts";

const CLIENTS = 1000;

/** A server that delivers everything up to a rate, and beyond it as much as at that rate. */
function serverWith(capacity: number): (rate: number) => Promise<RateTrial> {
  return (rate) =>
    Promise.resolve({
      rate,
      deliveredShare: Math.min(1, capacity / rate),
      deliveriesPerSecond: Math.min(rate, capacity) * CLIENTS,
      serverShare: 1,
      clientShare: 0.5,
      publishedLate: false,
    });
}

describe("findMostDeliveries", () => {
  test("comes close to the capacity from wherever it starts, and never above it", async () => {
    const rates = fc.integer({ min: 2, max: 5000 });
    await fc.assert(
      fc.asyncProperty(rates, rates, async (capacity, firstRate) => {
        const { best, trials } = await findMostDeliveries(serverWith(capacity), firstRate);
        expect(best?.rate).toBeLessThanOrEqual(capacity * 1.001);
        expect(best?.rate).toBeGreaterThanOrEqual(Math.floor(capacity / 1.3) - 1);
        expect(trials.length).toBeLessThan(20);
      }),
    );
  });

  test("has no best if nothing is ever delivered", async () => {
    const { best, trials } = await findMostDeliveries(serverWith(0), 100);
    expect(best).toBeUndefined();
    expect(trials.length).toBeLessThan(10);
  });

  test("takes the trial that delivered most a second, not the one with the highest rate", async () => {
    const trial = (rate: number): Promise<RateTrial> =>
      Promise.resolve({
        ...{ rate, deliveredShare: rate > 400 ? 0 : 1, serverShare: 1, clientShare: 0, publishedLate: false },
        deliveriesPerSecond: rate === 200 ? 9 : 5,
      });
    expect((await findMostDeliveries(trial, 100)).best?.rate).toBe(200);
  });

  test("goes no higher when the publisher is late", async () => {
    const server = serverWith(Number.POSITIVE_INFINITY);
    const { best, trials } = await findMostDeliveries(
      async (rate) => ({ ...(await server(rate)), publishedLate: rate > 500 }),
      100,
    );
    expect(best?.rate).toBe(800);
    expect(Math.max(...trials.map(({ rate }) => rate))).toBe(800);
  });

  test("ends with a server that nothing is too much for", async () => {
    const { best, trials } = await findMostDeliveries(serverWith(Number.POSITIVE_INFINITY), 100);
    expect(best?.rate).toBe(100 * 2 ** 12);
    expect(trials).toHaveLength(13);
  });
});
