import { renderOverlays } from "../deploy/rendered-overlay.ts";
import { ResourcePaths } from "./api/resource-paths.ts";
import { removeOverlay } from "./check-overlay.ts";
import type { ClusterOptions } from "./cluster-arguments.ts";
import { clusterRuns } from "./cluster-run.ts";
import { startControlPlane } from "./control-plane/control-plane.ts";
import { KUBERNETES_VERSION, locateControlPlane } from "./control-plane/programs.ts";
import { installCustomResources } from "./custom-resources.ts";
import { addNodes } from "./fake-nodes.ts";

/** Deployments of this repository come up in 15 s. */
const PATIENCE_MS = 90_000;
/** For what is not going to happen. */
const PATIENCE_WITH_MISTAKES_MS = 30_000;

/**
 * Tries overlays, or mistakes in one, in one cluster.
 *
 * @param print gets a line for each promise.
 * @param onProgress says what is being done.
 * @returns true if all promises were kept, or all mistakes found.
 */
export async function checkCluster(
  options: ClusterOptions,
  interrupt: AbortSignal,
  print: (line: string) => void,
  onProgress: (what: string) => void,
): Promise<boolean> {
  const rendered = await renderOverlays();
  const programs = await locateControlPlane(interrupt);
  onProgress(`starting Kubernetes ${KUBERNETES_VERSION}`);
  const { api, signal, stop } = await startControlPlane(programs, interrupt);
  try {
    onProgress("installing custom resources and adding nodes");
    await installCustomResources(api);
    const nodes = await addNodes(api);
    const patienceMs = options.mistakes ? PATIENCE_WITH_MISTAKES_MS : PATIENCE_MS;
    let good = true;
    for (const { title, manifests, run } of clusterRuns(options, rendered)) {
      onProgress(title);
      const trial = { api, paths: new ResourcePaths(api), nodes, manifests, patienceMs, signal };
      good = (await run(trial, print)) && good;
      await removeOverlay(trial);
    }
    return good;
  } catch (error) {
    // Why it was ended says more than what was under way.
    signal.throwIfAborted();
    throw error;
  } finally {
    onProgress("stopping");
    await stop();
  }
}
