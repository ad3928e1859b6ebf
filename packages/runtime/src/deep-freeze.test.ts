import { describe, expect, expectTypeOf, test } from "vitest";
import { type DeepReadonly, deepFreeze } from "./deep-freeze.ts";

describe("deepFreeze", () => {
  test("freezes objects and lists at every depth and keeps their identity", () => {
    const value = { list: [{ inner: { leaf: 1 } }] };
    const frozen = deepFreeze(value);
    expect(frozen).toBe(value);
    expect(Object.isFrozen(frozen.list[0]?.inner)).toBe(true);
    expect(() => Object.assign(frozen.list[0]?.inner ?? {}, { leaf: 2 })).toThrow(TypeError);
  });

  test("leaves instances of classes working", () => {
    const { url } = deepFreeze({ url: new URL("http://host/") });
    url.pathname = "/changed";
    expect(url.href).toBe("http://host/changed");
  });

  test("ends on a value that contains itself", () => {
    const value: { self?: unknown } = {};
    value.self = value;
    expect(Object.isFrozen(deepFreeze(value))).toBe(true);
  });

  test("takes values that cannot be frozen", () => {
    expect(deepFreeze(null)).toBeNull();
    expect(deepFreeze(1)).toBe(1);
    expect(deepFreeze(undefined)).toBeUndefined();
  });

  test("says so in the type", () => {
    expectTypeOf<DeepReadonly<{ a: { b: number[] } }>>().toEqualTypeOf<{
      readonly a: { readonly b: readonly number[] };
    }>();
    expectTypeOf<DeepReadonly<() => void>>().toEqualTypeOf<() => void>();
  });
});
