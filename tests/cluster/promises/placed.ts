import { type Manifest, titleOf } from "../../deploy/manifest.ts";
import type { FakeNode } from "../fake-nodes.ts";
import type { Finding, PromiseName } from "../finding.ts";
import { podOf } from "../pod.ts";
import { ofKind, podsOf, type Trial } from "../trial.ts";
import { judgeSpread } from "./spread.ts";

/** Whether the pods of each Deployment are spread over the nodes that are open. */
export async function checkSpread(
  trial: Trial,
  promise: PromiseName,
  open: readonly FakeNode[],
): Promise<readonly Finding[]> {
  return await Promise.all(
    ofKind(trial, "Deployment").map(async (deployment) => {
      const { seen, problem } = judgeSpread((await podsOf(trial, deployment)).map(podOf), open);
      return {
        kept: problem === undefined,
        promise,
        subject: titleOf(deployment),
        seen: problem === undefined ? seen : `${seen}: ${problem}`,
      };
    }),
  );
}

/** A node to close before a rollout, so that as many are left as there are pods: one that is not alone in its zone and has no pod. */
export async function nodeToClose(trial: Trial, deployment: Manifest): Promise<FakeNode | undefined> {
  const used = new Set((await podsOf(trial, deployment)).map((pod) => podOf(pod).node));
  return trial.nodes.find(
    ({ name, zone }) => !used.has(name) && trial.nodes.some((one) => one.zone === zone && one.name !== name),
  );
}
