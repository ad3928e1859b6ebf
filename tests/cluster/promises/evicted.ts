import { type Manifest, numberAt, textAt, titleOf } from "../../deploy/manifest.ts";
import { ApiError } from "../api/api-error.ts";
import type { Finding } from "../finding.ts";
import { podOf } from "../pod.ts";
import { becomes, live, ofKind, podsOf, podsPath, type Trial } from "../trial.ts";

/** Asks for the eviction of all pods of each Deployment, one right after the other, as several people do who empty nodes. */
export async function checkEvicted(trial: Trial): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const deployment of ofKind(trial, "Deployment")) findings.push(await evicted(trial, deployment));
  return findings;
}

async function evicted(trial: Trial, deployment: Manifest): Promise<Finding> {
  const about = { promise: "is not emptied at once", subject: titleOf(deployment) } as const;
  const [first, ...others] = await podsOf(trial, deployment);
  if (first === undefined) return { ...about, kept: false, seen: "there is no pod to evict" };
  // The budget may still count what went before.
  if (!(await becomes(trial, async () => (await evict(trial, first)) === undefined))) {
    const refusal = await evict(trial, first);
    const seen = `no pod may be evicted, so no node can ever be emptied (set maxUnavailable: 1 in its budget): ${refusal}`;
    return { ...about, kept: false, seen };
  }
  const refusals: string[] = [];
  for (const pod of others) {
    const refusal = await evict(trial, pod);
    if (refusal === undefined) {
      const seen = `a second of ${others.length + 1} pods was evicted before the first was replaced: it needs a PodDisruptionBudget with maxUnavailable: 1 that selects it`;
      return { ...about, kept: false, seen };
    }
    refusals.push(refusal);
  }
  if (!(await becomes(trial, async () => await isReplaced(trial, deployment, first))))
    return { ...about, kept: false, seen: "an evicted pod was not replaced" };
  return {
    ...about,
    kept: true,
    seen:
      refusals[0] === undefined
        ? "its only pod may be evicted, and is replaced"
        : `1 pod evicted and replaced, ${refusals.length} refused: ${refusals[0]}`,
  };
}

async function isReplaced(trial: Trial, deployment: Manifest, gone: Manifest): Promise<boolean> {
  // The state of the Deployment may be one of before.
  const left = (await podsOf(trial, deployment)).map(podOf);
  const replicas = numberAt(await live(trial, deployment), "spec", "replicas");
  return (
    left.length === replicas &&
    left.every(({ name, readySince }) => name !== podOf(gone).name && readySince !== undefined)
  );
}

/** Why the API server refuses; undefined if it does not. */
async function evict({ api }: Trial, pod: Manifest): Promise<string | undefined> {
  const name = textAt(pod, "metadata", "name");
  try {
    await api.create(`${podsPath(pod)}/${name}/eviction`, {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace: textAt(pod, "metadata", "namespace") },
    });
    return undefined;
  } catch (error) {
    if (error instanceof ApiError && error.status === 429) return error.message;
    throw error;
  }
}
