import { describe, expect, test } from "vitest";
import { DeliveryLedger } from "./delivery-ledger.ts";

async function isSettled(promise: Promise<void>): Promise<boolean> {
  const open = Symbol("open");
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
}

describe("DeliveryLedger", () => {
  test("is complete when every client has everything", async () => {
    const ledger = new DeliveryLedger([2, 1]);
    ledger.record(0, 0, 10);
    ledger.record(1, 0, 20);
    expect(await isSettled(ledger.complete)).toBe(false);
    ledger.record(0, 1, 30);
    expect(await isSettled(ledger.complete)).toBe(true);
    expect(ledger.report()).toEqual({ received: 3, lost: 0, repeated: 0, p50Micros: 20, p99Micros: 30 });
  });

  test("is complete at once if nothing is to come", async () => {
    expect(await isSettled(new DeliveryLedger([0, 0]).complete)).toBe(true);
  });

  test("counts a gap in the middle and a missing end as lost", () => {
    const ledger = new DeliveryLedger([5]);
    ledger.record(0, 0, 1);
    ledger.record(0, 3, 1);
    expect(ledger.report()).toMatchObject({ received: 2, lost: 3, repeated: 0 });
  });

  test("counts a client that got nothing", () => {
    expect(new DeliveryLedger([3, 0]).report()).toMatchObject({ received: 0, lost: 3 });
  });

  test("counts what comes twice apart, and not as received", () => {
    const ledger = new DeliveryLedger([2]);
    ledger.record(0, 0, 1);
    ledger.record(0, 0, 1);
    ledger.record(0, 1, 1);
    expect(ledger.report()).toMatchObject({ received: 2, lost: 0, repeated: 1 });
  });
});
