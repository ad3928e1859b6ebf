import { expect, it } from "vitest";
import type { Pod } from "../pod.ts";
import { RolloutOrder } from "./rollout-order.ts";

const STRATEGY = { replicas: 2, surge: 1, minReadyMs: 10_000 };

function pod(name: string, over: Partial<Pod> = {}): Pod {
  return { name, version: name.slice(0, 3), node: "node-1", readySince: 0, leaving: false, ...over };
}

function rollout(): RolloutOrder {
  return new RolloutOrder(STRATEGY, [pod("old-1"), pod("old-2")]);
}

it("keeps quiet where each new pod comes before an old one leaves", () => {
  const order = rollout();
  for (const number of [1, 2]) {
    const start = number * 20_000;
    order.changed(pod(`new-${number}`, { readySince: undefined }), start);
    order.changed(pod(`new-${number}`, { readySince: start }), start);
    order.changed(pod(`old-${number}`, { leaving: true }), start + 10_000);
    order.gone(pod(`old-${number}`, { leaving: true }), start + 12_000);
  }
  expect(order.record).toStrictEqual({ replaced: 2, fewestReady: 2, mostAtOnce: 3, breaches: [] });
});

it("notices an old pod that leaves before a new one has been ready for long enough", () => {
  const order = rollout();
  order.changed(pod("new-1", { readySince: 20_000 }), 20_000);
  order.changed(pod("old-1", { leaving: true }), 29_999);
  expect(order.record.breaches).toStrictEqual([
    "old pod 1 left when 0 new ones had been ready for 10 s (set maxUnavailable: 0)",
  ]);
});

it("notices that fewer are ready than there should be", () => {
  const order = rollout();
  order.gone(pod("old-1"), 20_000);
  expect(order.record.fewestReady).toBe(1);
  expect(order.record.breaches).toContain("fewer than 2 pods were ready (set maxUnavailable: 0)");
});

it("notices more pods at once than the surge allows", () => {
  const order = rollout();
  order.changed(pod("new-1"), 20_000);
  order.changed(pod("new-2"), 20_000);
  expect(order.record.breaches).toStrictEqual(["more than 3 pods were there, which maxSurge does not allow"]);
});

it("counts a new pod that was evicted as no replacement", () => {
  const order = rollout();
  order.changed(pod("new-1", { readySince: 20_000 }), 20_000);
  order.changed(pod("new-1", { readySince: 20_000, leaving: true }), 30_000);
  order.changed(pod("old-1", { leaving: true }), 31_000);
  expect(order.record.breaches).toContain(
    "old pod 1 left when 0 new ones had been ready for 10 s (set maxUnavailable: 0)",
  );
});
