import { waitUntil } from "@tidegate/testkit";
import { at, listAt, type Manifest } from "../deploy/manifest.ts";
import type { KubernetesApi } from "./api/kubernetes-api.ts";

/** Two in one zone, so that pods which are on three nodes are not in three zones by that alone. */
const ZONES = ["a", "a", "b", "c"];
const SIZE = { cpu: "8", memory: "32Gi", pods: "110" };
const READY_TIMEOUT_MS = 60_000;

export interface FakeNode {
  readonly name: string;
  readonly zone: string;
}

/** Enough for every pod on one node, so that want of room spreads nothing. Returns when the scheduler may use them. */
export async function addNodes(api: KubernetesApi): Promise<readonly FakeNode[]> {
  const nodes = ZONES.map((zone, index) => ({ name: `node-${index + 1}`, zone: `zone-${zone}` }));
  for (const node of nodes) await api.create("/api/v1/nodes", manifestOf(node));
  await waitUntil(async () => (await api.list("/api/v1/nodes")).filter(isOpen).length === nodes.length, {
    message: "nodes to be ready",
    timeoutMs: READY_TIMEOUT_MS,
    intervalMs: 100,
  });
  return nodes;
}

/** From now on no pod comes to the node, as before maintenance; or again. */
export async function cordon(api: KubernetesApi, { name }: FakeNode, closed: boolean): Promise<void> {
  await api.merge(`/api/v1/nodes/${name}`, { spec: { unschedulable: closed } });
  // The taint comes after it, and it is what pods are spread by.
  await waitUntil(async () => isOpen(await api.get(`/api/v1/nodes/${name}`)) !== closed, {
    message: `${name} to be ${closed ? "closed" : "open"}`,
    timeoutMs: READY_TIMEOUT_MS,
    intervalMs: 100,
  });
}

function isOpen(node: Manifest): boolean {
  const ready = listAt(node, "status", "conditions").find((one) => at(one, "type") === "Ready");
  return at(ready, "status") === "True" && listAt(node, "spec", "taints").length === 0;
}

function manifestOf({ name, zone }: FakeNode): Manifest {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": zone,
        "topology.kubernetes.io/region": "region",
      },
    },
    status: { allocatable: SIZE, capacity: SIZE },
  };
}
