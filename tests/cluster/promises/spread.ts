import type { FakeNode } from "../fake-nodes.ts";
import type { Pod } from "../pod.ts";

interface Spread {
  readonly seen: string;
  readonly problem: string | undefined;
}

/** Whether pods are on as many nodes, and in as many zones, as there are for them. @param nodes those that are open. */
export function judgeSpread(pods: readonly Pod[], nodes: readonly FakeNode[]): Spread {
  const zones = new Map(nodes.map(({ name, zone }) => [name, zone]));
  const counts = (places: readonly string[]) => new Set(places).size;
  const usedNodes = counts(pods.map(({ node = "no node" }) => node));
  const usedZones = counts(pods.map(({ node = "" }) => zones.get(node) ?? "a closed node"));
  const seen = `${pods.length} ${pods.length === 1 ? "pod" : "pods"} on ${usedNodes} of ${nodes.length} nodes, in ${usedZones} of ${counts([...zones.values()])} zones`;
  if (usedNodes < Math.min(pods.length, nodes.length))
    return { seen, problem: advice("kubernetes.io/hostname") };
  if (usedZones < Math.min(pods.length, counts([...zones.values()]))) {
    return { seen, problem: advice("topology.kubernetes.io/zone") };
  }
  return { seen, problem: undefined };
}

function advice(key: string): string {
  return `topologySpreadConstraints need one with topologyKey ${key}, maxSkew 1 and matchLabelKeys [pod-template-hash]`;
}
