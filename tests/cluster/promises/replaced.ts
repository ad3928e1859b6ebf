import { at, listAt, type Manifest, numberAt, recordAt, textAt, titleOf } from "../../deploy/manifest.ts";
import type { Finding } from "../finding.ts";
import { isSelected, podOf } from "../pod.ts";
import { becomes, live, ofKind, podsPath, type Trial } from "../trial.ts";
import { isUp, whyNot } from "./available.ts";
import { RolloutOrder, type RolloutRecord, type RolloutStrategy } from "./rollout-order.ts";

/** Restarts all Deployments, as `kubectl rollout restart` does, and watches each pod of them meanwhile. */
export async function checkReplaced(trial: Trial): Promise<readonly Finding[]> {
  return await Promise.all(ofKind(trial, "Deployment").map((deployment) => replaced(trial, deployment)));
}

async function replaced(trial: Trial, deployment: Manifest): Promise<Finding> {
  const { api } = trial;
  const path = await trial.paths.of(deployment);
  const strategy = strategyOf(await api.get(path));
  const labels = recordAt(deployment, "spec", "selector", "matchLabels");
  const list = await api.get(podsPath(deployment));
  const pods = listAt(list, "items")
    .map((pod) => recordAt(pod))
    .filter((pod) => isSelected(pod, labels))
    .map(podOf);
  const order = new RolloutOrder(strategy, pods);
  const seenEnough = new AbortController();
  const startedAt = performance.now();
  const watching = api.watch(
    podsPath(deployment),
    textAt(list, "metadata", "resourceVersion"),
    seenEnough.signal,
    (type, object) => {
      if (!isSelected(object, labels)) return;
      if (type === "DELETED") order.gone(podOf(object), Date.now());
      else order.changed(podOf(object), Date.now());
    },
  );
  const done = restartAndWait(trial, deployment, path, strategy, () => order.record.replaced);
  try {
    // The watch only ends by failing.
    const ended = await Promise.race([done, watching.then(() => false)]);
    const obstacle = ended ? undefined : await whyNot(trial, await api.get(path));
    return findingOf(deployment, strategy, order.record, obstacle, performance.now() - startedAt);
  } finally {
    seenEnough.abort();
    await watching;
  }
}

async function restartAndWait(
  trial: Trial,
  deployment: Manifest,
  path: string,
  { replicas, minReadyMs }: RolloutStrategy,
  replacedSoFar: () => number,
): Promise<boolean> {
  const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
  await trial.api.merge(path, { spec: { template: { metadata: { annotations } } } });
  const patienceMs = trial.patienceMs + replicas * minReadyMs;
  return await becomes(
    { ...trial, patienceMs },
    async () => isUp(await live(trial, deployment)) && replacedSoFar() >= replicas,
  );
}

function findingOf(
  deployment: Manifest,
  { replicas, surge, minReadyMs }: RolloutStrategy,
  { replaced: count, fewestReady, mostAtOnce, breaches }: RolloutRecord,
  obstacle: string | undefined,
  durationMs: number,
): Finding {
  const problems = obstacle === undefined ? breaches : [...breaches, `the rollout did not end: ${obstacle}`];
  const counts = `${count} of ${replicas} in ${(durationMs / 1000).toFixed(0)} s, never fewer than ${fewestReady} ready nor more than ${mostAtOnce} at once`;
  return {
    kept: problems.length === 0,
    promise: "is replaced in order",
    subject: titleOf(deployment),
    seen:
      problems.length === 0
        ? `${counts} (${replicas + surge} allowed), each old one after a new one had been ready for ${minReadyMs / 1000} s`
        : `${counts}: ${problems.join("; ")}`,
  };
}

function strategyOf(deployment: Manifest): RolloutStrategy {
  const replicas = numberAt(deployment, "spec", "replicas");
  const surge = String(at(deployment, "spec", "strategy", "rollingUpdate", "maxSurge") ?? 0);
  return {
    replicas,
    surge: surge.endsWith("%") ? Math.ceil((replicas * Number(surge.slice(0, -1))) / 100) : Number(surge),
    minReadyMs: Number(at(deployment, "spec", "minReadySeconds") ?? 0) * 1000,
  };
}
