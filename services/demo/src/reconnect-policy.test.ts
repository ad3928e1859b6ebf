import { shouldReconnect } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

interface ReconnectPolicy {
  readonly shouldReconnect: (code: number) => boolean;
  readonly reconnectWait: (attempt: number, random: number) => number;
  readonly toldWait: (reason: string) => number | undefined;
  readonly nextNode: (
    node: number,
    nodes: number,
    loss: { readonly established: boolean; readonly draining: boolean },
  ) => number;
}

// The page is plain JavaScript, which has no types to import.
const policy: ReconnectPolicy = await import(new URL("../page/reconnect-policy.js", import.meta.url).href);

describe("the page's reconnect policy", () => {
  test("agrees with the protocol on every code there can be", () => {
    for (let code = 1000; code < 5000; code += 1) {
      expect([code, policy.shouldReconnect(code)]).toEqual([code, shouldReconnect(code)]);
    }
  });

  test("waits longer after each failure, never above 15 s, never less than half of what it may", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const longest = Math.min(15_000, 500 * 2 ** attempt);
        const wait = policy.reconnectWait(attempt, random);
        expect(wait).toBeGreaterThanOrEqual(longest / 2);
        expect(wait).toBeLessThanOrEqual(longest);
      }),
    );
    expect(policy.reconnectWait(0, 0)).not.toBe(policy.reconnectWait(0, 1));
  });

  test("waits as long as a node said that turns newcomers away", () => {
    expect(policy.toldWait("overloaded: too many connect at once; retry=2310")).toBe(2_310);
    expect(policy.toldWait("draining: the node is leaving")).toBeUndefined();
    expect(policy.toldWait("")).toBeUndefined();
  });

  test("gives a lost node one more chance, a leaving or dead one none", () => {
    expect(policy.nextNode(0, 2, { established: true, draining: false })).toBe(0);
    expect(policy.nextNode(0, 2, { established: true, draining: true })).toBe(1);
    expect(policy.nextNode(1, 2, { established: false, draining: false })).toBe(0);
    expect(policy.nextNode(0, 1, { established: false, draining: false })).toBe(0);
  });
});
