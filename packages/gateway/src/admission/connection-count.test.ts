import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionCount } from "./connection-count.ts";

describe("ConnectionCount", () => {
  it("turns away who comes to a full node, and lets in again who comes after a leave", () => {
    const all = new ConnectionCount({ connections: 2, connectionsPerAddress: 2 });
    expect([all.enter("a"), all.enter("b"), all.enter("c")]).toStrictEqual([
      undefined,
      undefined,
      "node_full",
    ]);
    all.leave("a");
    expect(all.enter("c")).toBeUndefined();
    expect(all.total).toBe(2);
  });

  it("counts each address by itself", () => {
    const all = new ConnectionCount({ connections: 100, connectionsPerAddress: 1 });
    expect([all.enter("a"), all.enter("a"), all.enter("b")]).toStrictEqual([
      undefined,
      "address_limit",
      undefined,
    ]);
    expect(all.total).toBe(2);
  });

  it("does not count whom it turned away", () => {
    const all = new ConnectionCount({ connections: 1, connectionsPerAddress: 1 });
    all.enter("a");
    all.enter("a");
    all.enter("b");
    all.leave("a");
    expect(all.total).toBe(0);
    expect(all.enter("b")).toBeUndefined();
  });

  it("ignores a leave of an address that has nobody here", () => {
    const all = new ConnectionCount({ connections: 1, connectionsPerAddress: 1 });
    all.leave("nobody");
    expect(all.total).toBe(0);
    all.enter("a");
    all.leave("a");
    all.leave("a");
    expect(all.total).toBe(0);
  });

  it("forgets every address that has left: after any traffic, empty is empty", () => {
    const limits = { connections: 20, connectionsPerAddress: 3 };
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.constantFrom("a", "b", "c", "d"))), (events) => {
        const all = new ConnectionCount(limits);
        const inside = new Map<string, number>();
        for (const [comes, address] of events) {
          const count = inside.get(address) ?? 0;
          if (comes && all.enter(address) === undefined) {
            inside.set(address, count + 1);
          } else if (!comes && count > 0) {
            all.leave(address);
            inside.set(address, count - 1);
          }
          expect(inside.get(address) ?? 0).toBeLessThanOrEqual(limits.connectionsPerAddress);
        }
        for (const [address, count] of inside) {
          for (let left = count; left > 0; left -= 1) {
            all.leave(address);
          }
        }
        expect(all.total).toBe(0);
        expect(all.addresses).toBe(0);
      }),
    );
  });
});
