import { expect, it } from "vitest";
import { judgeSpread } from "./spread.ts";

const NODES = ["a", "a", "b", "c"].map((zone, index) => ({ name: `node-${index + 1}`, zone }));

function podsOn(...nodes: readonly number[]) {
  return nodes.map((node, index) => ({
    name: `pod-${index}`,
    version: "1",
    node: `node-${node}`,
    readySince: 0,
    leaving: false,
  }));
}

it("takes pods on nodes and in zones of their own", () => {
  expect(judgeSpread(podsOn(2, 3, 4), NODES)).toStrictEqual({
    seen: "3 pods on 3 of 4 nodes, in 3 of 3 zones",
    problem: undefined,
  });
});

it("takes two on a node where there are more pods than nodes", () => {
  expect(judgeSpread(podsOn(1, 2, 3, 4, 1), NODES).problem).toBeUndefined();
});

it("notices two on a node while another is empty", () => {
  expect(judgeSpread(podsOn(3, 3, 4), NODES).problem).toContain("kubernetes.io/hostname");
});

it("notices two in a zone while another is empty", () => {
  expect(judgeSpread(podsOn(1, 2, 3), NODES).problem).toContain("topology.kubernetes.io/zone");
});
