import { describe, expect, it } from "vitest";
import { fakeNode } from "../../testing/fake-node.ts";
import { gateOf } from "../../testing/open-gate.ts";
import type { Load } from "./load-monitor.ts";

function fixture(options: Parameters<typeof gateOf>[2] = {}, random = 0.5) {
  const node = fakeNode();
  const load = { overload: undefined as Load | undefined, isSevere: false };
  const gate = gateOf({ ...node.context, random: () => random }, load, options);
  return { ...node, load, gate };
}

describe("Gate", () => {
  it("lets in everybody while all is well", () => {
    const { gate } = fixture();
    expect([gate.connection(), gate.request(), gate.upgrade()]).toStrictEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([
    [0, 500],
    [0.5, 1_000],
    [0.999, 1_499],
  ])("says when to come back after an overload, spread: %d", (random, wait) => {
    const { gate, load } = fixture({}, random);
    load.overload = "memory";
    expect(gate.connection()).toMatchObject({ why: "memory", retryAfterMs: wait });
    expect(gate.request()).toMatchObject({ why: "memory", retryAfterMs: wait });
    // Told properly, as long as there is time for it.
    expect(gate.upgrade()).toBeUndefined();
    load.isSevere = true;
    expect(gate.upgrade()).toMatchObject({ why: "lag" });
  });

  it("limits connections by rate, and has them come back one after the other; requests it does not", () => {
    const { gate } = fixture({ connectsPerSecond: 10, connectBurst: 2 });
    expect([gate.connection(), gate.connection()]).toStrictEqual([undefined, undefined]);
    expect(gate.connection()).toMatchObject({ why: "rate", retryAfterMs: 100 });
    expect(gate.connection()).toMatchObject({ why: "rate", retryAfterMs: 200 });
    expect(gate.request()).toBeUndefined();
  });

  it("does not count against the rate whom it turns away for another reason", () => {
    const { gate, load } = fixture({ connectsPerSecond: 1, connectBurst: 1 });
    load.overload = "nats";
    gate.connection();
    load.overload = undefined;
    expect(gate.connection()).toBeUndefined();
  });
});
