import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PayloadFilter, passesFilter, payloadFilterSchema } from "./payload-filter.ts";

const ORDER = { order: { total: 120, state: "paid", items: [{ sku: "a-1" }], note: null } };

const TABLE: readonly [PayloadFilter, boolean][] = [
  [{ path: "order.state", equals: "paid" }, true],
  [{ path: "order.state", notEquals: "paid" }, false],
  [{ path: "order.state", in: ["open", "paid"] }, true],
  [{ path: "order.total", atLeast: 120, lessThan: 121 }, true],
  [{ path: "order.total", greaterThan: 120 }, false],
  [{ path: "order.total", atMost: 119 }, false],
  [{ path: "order.state", greaterThan: 1 }, false],
  [{ path: "order.items.0.sku", startsWith: "a-" }, true],
  [{ path: "order.note", equals: null }, true],
  [{ path: "order.note", exists: true }, true],
  [{ path: "order.refund", exists: false }, true],
  [{ path: "order.constructor", exists: true }, false],
  [
    {
      all: [
        { path: "order.total", atLeast: 1 },
        { path: "order.state", equals: "open" },
      ],
    },
    false,
  ],
  [
    {
      any: [
        { path: "order.total", atLeast: 1 },
        { path: "order.state", equals: "open" },
      ],
    },
    true,
  ],
  [{ not: { path: "order.state", equals: "open" } }, true],
];

describe("a payload filter", () => {
  it.each(TABLE)("%j gives %s", (filter, passes) => {
    expect(payloadFilterSchema.safeParse(filter).success).toBe(true);
    expect(passesFilter(filter, ORDER)).toBe(passes);
  });

  it("is refused without an operator, too deep or too long", () => {
    const condition = { path: "a", equals: 1 };
    expect(payloadFilterSchema.safeParse({ path: "a" }).success).toBe(false);
    expect(payloadFilterSchema.safeParse({ path: "a", equal: 1 }).success).toBe(false);
    const deep = { not: { not: { not: { not: { not: condition } } } } };
    expect(payloadFilterSchema.safeParse(deep).success).toBe(false);
    const half = { any: Array.from({ length: 20 }, () => condition) };
    expect(payloadFilterSchema.safeParse({ all: [half, half] }).success).toBe(false);
  });

  it("never throws, whatever the payload is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (payload, path) => {
        expect(typeof passesFilter({ path, exists: true }, payload)).toBe("boolean");
      }),
    );
  });
});
