import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { Readiness, type ReadinessState } from "./readiness.ts";

describe("Readiness", () => {
  test("is not ready until every condition has passed", () => {
    const readiness = new Readiness(["broker", "listener"]);
    expect(readiness.state).toEqual({
      kind: "not_ready",
      failing: [
        { condition: "broker", reason: "not reported yet" },
        { condition: "listener", reason: "not reported yet" },
      ],
    });
    readiness.condition("broker").pass();
    expect(readiness.state).toEqual({
      kind: "not_ready",
      failing: [{ condition: "listener", reason: "not reported yet" }],
    });
    readiness.condition("listener").pass();
    expect(readiness.state).toEqual({ kind: "ready" });
  });

  test("falls back with the reason when a condition fails, and recovers", () => {
    const readiness = new Readiness(["broker"]);
    const broker = readiness.condition("broker");
    broker.pass();
    broker.fail("disconnected");
    expect(readiness.state).toEqual({
      kind: "not_ready",
      failing: [{ condition: "broker", reason: "disconnected" }],
    });
    broker.pass();
    expect(readiness.state.kind).toBe("ready");
  });

  test("stays draining whatever is reported", () => {
    const readiness = new Readiness(["broker"]);
    const broker = readiness.condition("broker");
    broker.pass();
    readiness.drain();
    broker.fail("gone");
    broker.pass();
    readiness.drain();
    expect(readiness.state).toEqual({ kind: "draining" });
  });

  test("tells listeners of each change once, in order, until they leave", () => {
    const readiness = new Readiness(["broker"]);
    const broker = readiness.condition("broker");
    const seen: ReadinessState[] = [];
    const leave = readiness.onChange((state) => seen.push(state));
    broker.pass();
    broker.pass();
    broker.fail("a");
    broker.fail("a");
    broker.fail("b");
    readiness.drain();
    readiness.drain();
    expect(seen.map((state) => (state.kind === "not_ready" ? state.failing[0]?.reason : state.kind))).toEqual(
      ["ready", "a", "b", "draining"],
    );
    leave();
    const other = new Readiness(["x"]);
    const gone = vi.fn();
    other.onChange(gone)();
    other.condition("x").pass();
    expect(gone).not.toHaveBeenCalled();
  });

  test("shields reporters and other listeners from a listener that throws, and hides nothing", async () => {
    const readiness = new Readiness(["broker"]);
    const other = vi.fn();
    const later: (() => void)[] = [];
    const microtask = vi
      .spyOn(globalThis, "queueMicrotask")
      .mockImplementation((task) => void later.push(task));
    try {
      readiness.onChange(() => {
        throw new Error("listener");
      });
      readiness.onChange(other);
      readiness.condition("broker").pass();
    } finally {
      microtask.mockRestore();
    }
    expect(other).toHaveBeenCalledExactlyOnceWith({ kind: "ready" });
    expect(later).toHaveLength(1);
    expect(() => later[0]?.()).toThrow("listener");
  });

  test("knows its conditions", () => {
    expect(() => new Readiness([])).toThrow(TypeError);
    const readiness = new Readiness(["broker", "listener"]);
    expectTypeOf(readiness.condition).parameter(0).toEqualTypeOf<"broker" | "listener">();
    // @ts-expect-error there is no such condition
    expect(() => readiness.condition("brokr")).toThrow(TypeError);
  });
});
