import { describe, expect, it } from "vitest";
import { BrokerError } from "./broker-error.ts";
import { Faults } from "./faults.ts";
import { Registration } from "./registration.ts";

function create() {
  const ends: BrokerError[] = [];
  const registration = new Registration((error) => ends.push(error), new Faults(() => {}));
  return { registration, ends };
}

const DENIED = new BrokerError("denied", "no");

describe("Registration", () => {
  it("resolves ready when it is confirmed and tells of a later failure once", async () => {
    const { registration, ends } = create();
    registration.confirm();
    await registration.ready;
    registration.fail(DENIED);
    registration.fail(DENIED);
    expect(ends).toEqual([DENIED]);
    expect(registration.open).toBe(false);
  });

  it("tells of a failure while pending through ready alone", async () => {
    const { registration, ends } = create();
    registration.fail(DENIED);
    await expect(registration.ready).rejects.toBe(DENIED);
    registration.confirm();
    expect(registration.open).toBe(false);
    expect(ends).toEqual([]);
  });

  it("ends silently for its owner, once", async () => {
    const { registration, ends } = create();
    registration.confirm();
    expect(registration.close()).toBe(true);
    expect(registration.close()).toBe(false);
    registration.fail(DENIED);
    expect(ends).toEqual([]);
  });

  it("settles ready when it is closed while pending", async () => {
    const { registration } = create();
    registration.close();
    await expect(registration.ready).rejects.toMatchObject({ code: "closed" });
  });

  it("reports an onClosed that throws instead of passing it on", () => {
    const reported: BrokerError[] = [];
    const registration = new Registration(
      () => {
        throw new Error("from the owner");
      },
      new Faults((error) => reported.push(error)),
    );
    registration.confirm();
    registration.fail(DENIED);
    expect(reported).toMatchObject([{ code: "callback_failed" }]);
  });

  it("tells its listeners how it settled, whether they come before or behind", () => {
    const { registration } = create();
    const told: (BrokerError | undefined)[] = [];
    registration.onSettled((error) => told.push(error));
    expect(told).toEqual([]);
    registration.confirm();
    expect(told).toEqual([undefined]);
    registration.close();
    registration.onSettled((error) => told.push(error));
    expect(told).toEqual([undefined, undefined]);
    const { registration: refused } = create();
    refused.onSettled((error) => told.push(error));
    refused.fail(DENIED);
    refused.onSettled((error) => told.push(error));
    expect(told.slice(2)).toEqual([DENIED, DENIED]);
  });

  it("reports a listener that throws, and tells the others all the same", () => {
    const reported: BrokerError[] = [];
    const registration = new Registration(() => {}, new Faults((error) => reported.push(error)));
    let told = 0;
    registration.onSettled(() => {
      throw new Error("from the listener");
    });
    registration.onSettled(() => {
      told += 1;
    });
    registration.confirm();
    expect([told, reported.map(({ code }) => code)]).toEqual([1, ["callback_failed"]]);
  });
});
