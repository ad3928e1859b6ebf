import { setTimeout as delay } from "node:timers/promises";
import { kindOf, type Manifest, recordAt, textAt } from "../deploy/manifest.ts";
import { ApiError } from "./api/api-error.ts";
import type { KubernetesApi } from "./api/kubernetes-api.ts";
import type { ResourcePaths } from "./api/resource-paths.ts";
import type { FakeNode } from "./fake-nodes.ts";
import { isSelected } from "./pod.ts";

/** An overlay and the cluster that it is tried in. */
export interface Trial {
  readonly api: KubernetesApi;
  readonly paths: ResourcePaths;
  readonly nodes: readonly FakeNode[];
  readonly manifests: readonly Manifest[];
  /** Milliseconds that anything may take which should happen. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 100;

export function ofKind({ manifests }: Trial, ...kinds: readonly string[]): readonly Manifest[] {
  return manifests.filter((manifest) => kinds.includes(kindOf(manifest)));
}

/** What the API server has under the name of a manifest. @throws ApiError */
export async function live({ api, paths }: Trial, manifest: Manifest): Promise<Manifest> {
  return await api.get(await paths.of(manifest));
}

export function podsPath(manifest: Manifest): string {
  return `/api/v1/namespaces/${textAt(manifest, "metadata", "namespace")}/pods`;
}

/** The pods of a Deployment that are not leaving, as the API server has them. @throws ApiError */
export async function podsOf({ api }: Trial, deployment: Manifest): Promise<readonly Manifest[]> {
  const labels = recordAt(deployment, "spec", "selector", "matchLabels");
  const pods = await api.list(podsPath(deployment));
  return pods.filter(
    (pod) => isSelected(pod, labels) && recordAt(pod, "metadata")["deletionTimestamp"] === undefined,
  );
}

/** Whether something becomes so in time; what the server refuses meanwhile is not so yet. @throws the reason of the signal when it aborts. */
export async function becomes({ patienceMs, signal }: Trial, look: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const is = await look().catch((error: unknown) => {
      if (error instanceof ApiError) return false;
      throw error;
    });
    if (is || performance.now() > deadline) return is;
    await delay(LOOK_EVERY_MS);
  }
}
