import { waitUntil } from "@tidegate/testkit";
import { readCrdDefinitions } from "../deploy/crd-definitions.ts";
import { at, listAt, type Manifest, textAt } from "../deploy/manifest.ts";
import type { KubernetesApi } from "./api/kubernetes-api.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const TIMEOUT_MS = 60_000;

/** Installs the definitions that overlays need, as their makers publish them, and waits until they are served. Returns how many. */
export async function installCustomResources(api: KubernetesApi): Promise<number> {
  const definitions = await readCrdDefinitions();
  for (const definition of definitions) {
    await api.apply(`${DEFINITIONS}/${textAt(definition, "metadata", "name")}`, definition);
  }
  for (const definition of definitions) {
    const kind = textAt(definition, "spec", "names", "kind");
    await waitUntil(() => isServed(api, definition, kind), {
      message: `${kind} to be served`,
      timeoutMs: TIMEOUT_MS,
      intervalMs: 100,
    });
  }
  return definitions.length;
}

async function isServed(api: KubernetesApi, definition: Manifest, kind: string): Promise<boolean> {
  const group = textAt(definition, "spec", "group");
  const version = listAt(definition, "spec", "versions").find((one) => at(one, "served") === true);
  const resources = await api.get(`/apis/${group}/${textAt(version, "name")}`);
  return listAt(resources, "resources").some((one) => at(one, "kind") === kind);
}
