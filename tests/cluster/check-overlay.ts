import { recordAt, textAt } from "../deploy/manifest.ts";
import { cordon } from "./fake-nodes.ts";
import { volumePath, volumesFor } from "./fake-volumes.ts";
import type { Finding } from "./finding.ts";
import { checkAvailable } from "./promises/available.ts";
import { checkEvicted } from "./promises/evicted.ts";
import { checkSpread, nodeToClose } from "./promises/placed.ts";
import { checkReached } from "./promises/reached.ts";
import { checkReplaced } from "./promises/replaced.ts";
import { checkScaled } from "./promises/scaled.ts";
import { applyAgain, applyAll } from "./promises/taken.ts";
import { becomes, ofKind, type Trial } from "./trial.ts";

/** Everything about an overlay that runs, in the order in which an operator would do it. Ends early where the rest makes no sense. */
export async function* checkOverlay(trial: Trial): AsyncGenerator<Finding> {
  const { api } = trial;
  api.takeWarnings();
  for (const volume of volumesFor(trial.manifests)) await api.apply(volumePath(volume), volume);
  const { findings } = await applyAll(trial);
  yield* findings;
  if (findings.some(({ kept }) => !kept)) return;
  yield* await checkScaled(trial);
  const available = await checkAvailable(trial);
  yield* available;
  if (available.some(({ kept }) => !kept)) return;
  yield* await checkReached(trial);
  yield* await checkSpread(trial, "is spread", trial.nodes);
  yield await applyAgain(trial);
  yield* rollOut(trial);
  yield* await checkEvicted(trial);
  yield warnings(api.takeWarnings());
}

/** With one node closed, as many are open as a Deployment has pods: only if versions are spread by themselves do they all find one. */
async function* rollOut(trial: Trial): AsyncGenerator<Finding> {
  const [deployment] = ofKind(trial, "Deployment");
  const closed = deployment === undefined ? undefined : await nodeToClose(trial, deployment);
  if (closed !== undefined) await cordon(trial.api, closed, true);
  try {
    yield* await checkReplaced(trial);
    const open = trial.nodes.filter((node) => node !== closed);
    yield* await checkSpread(trial, "is spread anew", open);
  } finally {
    if (closed !== undefined) await cordon(trial.api, closed, false);
  }
}

function warnings(texts: readonly string[]): Finding {
  return {
    kept: texts.length === 0,
    promise: "is warned of nothing",
    subject: "everything",
    seen: texts.length === 0 ? "no warning of the API server" : [...new Set(texts)].join("; "),
  };
}

/** Takes it all away again, so that the next overlay finds the cluster as this one did. */
export async function removeOverlay(trial: Trial): Promise<void> {
  const { api } = trial;
  for (const namespace of ofKind(trial, "Namespace")) {
    const path = `/api/v1/namespaces/${textAt(namespace, "metadata", "name")}`;
    if (!(await becomes(trial, async () => !(await api.remove(path))))) {
      throw new Error(
        `${path} cannot be deleted: ${JSON.stringify(recordAt(await api.get(path), "status"))}`,
      );
    }
  }
  for (const volume of volumesFor(trial.manifests)) await api.remove(volumePath(volume));
}
