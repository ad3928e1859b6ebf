import { at, listAt, type Manifest, recordAt, textAt } from "../deploy/manifest.ts";

/** What the promises are about. */
export interface Pod {
  readonly name: string;
  /** Of the template: pods of one rollout share it. */
  readonly version: string;
  /** Undefined as long as the scheduler has found none. */
  readonly node: string | undefined;
  /** Milliseconds since 1970, in whole seconds; undefined if it is not ready. */
  readonly readySince: number | undefined;
  /** Told to end. */
  readonly leaving: boolean;
}

export function podOf(manifest: Manifest): Pod {
  const ready = condition(manifest, "Ready");
  const node = at(manifest, "spec", "nodeName");
  return {
    name: textAt(manifest, "metadata", "name"),
    version: String(at(manifest, "metadata", "labels", "pod-template-hash") ?? ""),
    node: typeof node === "string" ? node : undefined,
    readySince: at(ready, "status") === "True" ? Date.parse(textAt(ready, "lastTransitionTime")) : undefined,
    leaving: at(manifest, "metadata", "deletionTimestamp") !== undefined,
  };
}

/** Why the scheduler has no node for a pod; undefined where it has one. */
export function whyUnscheduled(manifest: Manifest): string | undefined {
  const scheduled = condition(manifest, "PodScheduled");
  return at(scheduled, "status") === "False" ? String(at(scheduled, "message")) : undefined;
}

/** Whether the labels of a pod match those that a Deployment or a budget selects. */
export function isSelected(manifest: Manifest, labels: Manifest): boolean {
  return Object.entries(labels).every(([name, value]) => at(manifest, "metadata", "labels", name) === value);
}

function condition(manifest: Manifest, type: string): Manifest {
  return recordAt(listAt(manifest, "status", "conditions").find((one) => at(one, "type") === type));
}
