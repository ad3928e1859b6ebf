import { readFile } from "node:fs/promises";
import { downloadModule, readModuleFiles } from "../../deploy/go-module.ts";
import { type GoProgram, locateGoProgram } from "../../deploy/go-program.ts";

export const KUBERNETES_VERSION = "1.36.3";
const KUBERNETES = {
  module: `k8s.io/kubernetes@v${KUBERNETES_VERSION}`,
  sum: "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=",
};
const ETCD_VERSION = "3.7.3";
const ETCD: GoProgram = {
  name: "etcd",
  package: "go.etcd.io/etcd/server/v3",
  executable: "server",
  version: `v${ETCD_VERSION}`,
  takes: "a minute",
  goMod: async () => goModOf(`go.etcd.io/etcd/server/v3 v${ETCD_VERSION}`, []),
};
const KWOK_VERSION = "0.8.0";
const KWOK: GoProgram = {
  name: "kwok",
  package: "sigs.k8s.io/kwok/cmd/kwok",
  version: `v${KWOK_VERSION}`,
  takes: "two minutes",
};
const KWOK_STAGES = {
  module: `sigs.k8s.io/kwok@v${KWOK_VERSION}`,
  sum: "h1:OTIOTwgROqPMovcTwxICx2eYQ4AwLpSx5EpjbDKF4SQ=",
  files: [
    "kustomize/stage/node/fast/node-initialize.yaml",
    "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "kustomize/stage/pod/fast/pod-ready.yaml",
    "kustomize/stage/pod/fast/pod-complete.yaml",
    "kustomize/stage/pod/fast/pod-delete.yaml",
  ],
};

/** The paths of the programs of a control plane. */
export interface ControlPlanePrograms {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kwok: string;
}

/**
 * Builds into the cache what is not there yet.
 *
 * @throws Error if Go is missing then; the reason of `signal` when it aborts.
 */
export async function locateControlPlane(signal: AbortSignal): Promise<ControlPlanePrograms> {
  // One after the other: each build uses all cores by itself.
  return {
    etcd: await locateGoProgram(ETCD, signal),
    apiServer: await locateGoProgram(kubernetesProgram("kube-apiserver", "six minutes"), signal),
    controllerManager: await locateGoProgram(
      kubernetesProgram("kube-controller-manager", "two minutes"),
      signal,
    ),
    scheduler: await locateGoProgram(kubernetesProgram("kube-scheduler", "a minute"), signal),
    kwok: await locateGoProgram(KWOK, signal),
  };
}

/** What kwok does with nodes and pods, as it comes with kwok: YAML documents. */
export async function readKwokStages(): Promise<readonly string[]> {
  return await readModuleFiles(KWOK_STAGES);
}

function kubernetesProgram(name: string, takes: string): GoProgram {
  return {
    name,
    package: `k8s.io/kubernetes/cmd/${name}`,
    version: `v${KUBERNETES_VERSION}`,
    takes,
    goMod: async (go, directory) => {
      const { goMod } = await downloadModule(go, KUBERNETES, directory);
      return goModOf(
        `k8s.io/kubernetes v${KUBERNETES_VERSION}`,
        stagingModules(await readFile(goMod, "utf8")),
      );
    },
    // Else it would say that it is v0.0.0.
    flags: ["-ldflags", `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`],
  };
}

/** The modules that Kubernetes requires as v0.0.0 and takes from folders of its own; they are published as v0 of its version. */
export function stagingModules(goMod: string): readonly string[] {
  const published = KUBERNETES_VERSION.replace(/^\d+/, "0");
  return [...goMod.matchAll(/^\t(\S+) => \.\/staging\/\S+$/gm)].map(
    ([, name = ""]) => `${name} => ${name} v${published}`,
  );
}

function goModOf(required: string, replaced: readonly string[]): string {
  return ["module check", "go 1.26.0", `require ${required}`, ...replaced.map((one) => `replace ${one}`)]
    .map((line) => `${line}\n`)
    .join("");
}
