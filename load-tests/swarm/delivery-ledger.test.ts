import { describe, expect, test } from "vitest";
import { DeliveryLedger } from "./delivery-ledger.ts";

describe("DeliveryLedger", () => {
  test("counts what each client gets, and how long it took", () => {
    const ledger = new DeliveryLedger(2);
    ledger.record(0, 0, 1000, 1010);
    ledger.record(1, 0, 1000, 1020);
    ledger.record(0, 1, 1005, 1035);
    expect(ledger.report()).toEqual({
      ...{ received: 3, skipped: 0, repeated: 0, spanMicros: 35 },
      ...{ p50Micros: 20, p99Micros: 30, p999Micros: 30 },
    });
  });

  test("counts a gap", () => {
    const ledger = new DeliveryLedger(1);
    ledger.record(0, 0, 0, 1);
    ledger.record(0, 3, 0, 1);
    expect(ledger.report()).toMatchObject({ received: 2, skipped: 2, repeated: 0 });
  });

  test("counts what comes twice apart, and not as received", () => {
    const ledger = new DeliveryLedger(1);
    ledger.record(0, 0, 0, 1);
    ledger.record(0, 0, 0, 1);
    ledger.record(0, 1, 0, 1);
    expect(ledger.report()).toMatchObject({ received: 2, skipped: 0, repeated: 1 });
  });

  test("leaves out what was published before it", () => {
    const ledger = new DeliveryLedger(1, 5);
    ledger.record(0, 4, 0, 1);
    ledger.record(0, 6, 0, 1);
    expect(ledger.report()).toMatchObject({ received: 1, skipped: 1, repeated: 0 });
  });

  test("has no latencies before the first message", () => {
    expect(new DeliveryLedger(1).report()).toMatchObject({
      received: 0,
      spanMicros: 0,
      p50Micros: Number.NaN,
    });
  });
});
