import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Admission } from "./admission.ts";

describe("Admission", () => {
  it("turns away who comes to a full node, and lets in again who comes after a leave", () => {
    const admission = new Admission({ connections: 2, connectionsPerAddress: 2 });
    expect([admission.enter("a"), admission.enter("b"), admission.enter("c")]).toStrictEqual([
      undefined,
      undefined,
      "node_full",
    ]);
    admission.leave("a");
    expect(admission.enter("c")).toBeUndefined();
    expect(admission.total).toBe(2);
  });

  it("counts each address by itself", () => {
    const admission = new Admission({ connections: 100, connectionsPerAddress: 1 });
    expect([admission.enter("a"), admission.enter("a"), admission.enter("b")]).toStrictEqual([
      undefined,
      "address_limit",
      undefined,
    ]);
    expect(admission.total).toBe(2);
  });

  it("does not count whom it turned away", () => {
    const admission = new Admission({ connections: 1, connectionsPerAddress: 1 });
    admission.enter("a");
    admission.enter("a");
    admission.enter("b");
    admission.leave("a");
    expect(admission.total).toBe(0);
    expect(admission.enter("b")).toBeUndefined();
  });

  it("ignores a leave of an address that has nobody here", () => {
    const admission = new Admission({ connections: 1, connectionsPerAddress: 1 });
    admission.leave("nobody");
    expect(admission.total).toBe(0);
    admission.enter("a");
    admission.leave("a");
    admission.leave("a");
    expect(admission.total).toBe(0);
  });

  it("forgets every address that has left: after any traffic, empty is empty", () => {
    const limits = { connections: 20, connectionsPerAddress: 3 };
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.constantFrom("a", "b", "c", "d"))), (events) => {
        const admission = new Admission(limits);
        const inside = new Map<string, number>();
        for (const [comes, address] of events) {
          const count = inside.get(address) ?? 0;
          if (comes && admission.enter(address) === undefined) {
            inside.set(address, count + 1);
          } else if (!comes && count > 0) {
            admission.leave(address);
            inside.set(address, count - 1);
          }
          expect(inside.get(address) ?? 0).toBeLessThanOrEqual(limits.connectionsPerAddress);
        }
        for (const [address, count] of inside) {
          for (let left = count; left > 0; left -= 1) {
            admission.leave(address);
          }
        }
        expect(admission.total).toBe(0);
        expect(admission.addresses).toBe(0);
      }),
    );
  });
});
