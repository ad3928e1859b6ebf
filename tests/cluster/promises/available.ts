import { at, kindOf, listAt, type Manifest, recordAt, textAt, titleOf } from "../../deploy/manifest.ts";
import type { Finding } from "../finding.ts";
import { isSelected, whyUnscheduled } from "../pod.ts";
import { becomes, live, ofKind, podsPath, type Trial } from "../trial.ts";

/** Whether everything that runs comes up, and Jobs end well. */
export async function checkAvailable(trial: Trial): Promise<readonly Finding[]> {
  return await Promise.all(
    ofKind(trial, "Deployment", "StatefulSet", "Job").map((workload) => available(trial, workload)),
  );
}

async function available(trial: Trial, workload: Manifest): Promise<Finding> {
  const startedAt = performance.now();
  let found: Manifest = workload;
  const kept = await becomes(trial, async () => {
    found = await live(trial, workload);
    return isUp(found);
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  return {
    kept,
    promise: "becomes available",
    subject: titleOf(workload),
    seen: kept
      ? `${countOf(found)} after ${seconds} s`
      : `not after ${seconds} s: ${await whyNot(trial, found)}`,
  };
}

/** Whether all replicas that were asked for last are available, and none is left of those before; for Jobs, whether it has ended well. */
export function isUp(found: Manifest): boolean {
  if (kindOf(found) === "Job") return hasCondition(found, "Complete");
  const replicas = at(found, "spec", "replicas");
  return (
    at(found, "status", "observedGeneration") === at(found, "metadata", "generation") &&
    ["replicas", "updatedReplicas", "availableReplicas"].every(
      (count) => at(found, "status", count) === replicas,
    )
  );
}

function countOf(found: Manifest): string {
  return kindOf(found) === "Job"
    ? "complete"
    : `${at(found, "status", "availableReplicas")} of ${at(found, "spec", "replicas")}`;
}

/** What the controllers and the scheduler say about a workload that does not come up. */
export async function whyNot({ api }: Trial, found: Manifest): Promise<string> {
  const labels = recordAt(found, "spec", "template", "metadata", "labels");
  const pods = (await api.list(podsPath(found))).filter((pod) => isSelected(pod, labels));
  const reasons = [
    ...pods.map(whyUnscheduled).filter((reason) => reason !== undefined),
    ...listAt(found, "status", "conditions")
      .filter((one) => at(one, "status") === (at(one, "type") === "ReplicaFailure" ? "True" : "False"))
      .map((one) => textAt(one, "message")),
  ];
  return [...new Set(reasons)].join("; ") || "nobody says why";
}

function hasCondition(found: Manifest, type: string): boolean {
  return listAt(found, "status", "conditions").some(
    (one) => at(one, "type") === type && at(one, "status") === "True",
  );
}
