import { at, listAt, numberAt, recordAt, textAt } from "../manifest.ts";
import type { Cluster, Workload } from "./cluster.ts";
import type { Rule } from "./rule.ts";

/** One line for each container for which `problem` has one. */
function containerRule(
  name: string,
  problem: (container: unknown, workload: Workload) => string | undefined,
): Rule {
  return {
    name,
    violations: ({ workloads }) =>
      workloads.flatMap((workload) =>
        workload.containers.flatMap((container) => {
          const found = problem(container, workload);
          return found === undefined ? [] : [`${workload.title}: ${found}`];
        }),
      ),
  };
}

export const resourcesAreBounded = containerRule("asks for CPU and memory, and limits both", (container) => {
  const missing = ["requests", "limits"].flatMap((side) =>
    ["cpu", "memory"]
      .filter((what) => at(container, "resources", side, what) === undefined)
      .map((what) => `${side}.${what}`),
  );
  return missing.length === 0 ? undefined : `no ${missing.join(", ")}`;
});

export const imagesAreFixed = containerRule("names a version of each image", (container) => {
  const image = textAt(container, "image");
  const tag = /:([^:/@]+)(?:@.*)?$/.exec(image)?.[1];
  return image.includes("@sha256:") || (tag !== undefined && tag !== "latest") ? undefined : `image ${image}`;
});

export const podsAreConfined = containerRule(
  "runs without root, privileges, writable files and access to the API of Kubernetes",
  (container, { pod }) => {
    const wrong = [
      at(pod, "securityContext", "runAsNonRoot") === true ? "" : "runAsNonRoot",
      at(pod, "securityContext", "seccompProfile", "type") === "RuntimeDefault" ? "" : "seccompProfile",
      at(container, "securityContext", "allowPrivilegeEscalation") === false
        ? ""
        : "allowPrivilegeEscalation",
      at(container, "securityContext", "readOnlyRootFilesystem") === true ? "" : "readOnlyRootFilesystem",
      listAt(container, "securityContext", "capabilities", "drop").includes("ALL") ? "" : "capabilities",
      at(pod, "automountServiceAccountToken") === false ? "" : "automountServiceAccountToken",
      // The variables of services would be taken for misspelt settings.
      at(pod, "enableServiceLinks") === false ? "" : "enableServiceLinks",
      ["hostNetwork", "hostPID", "hostIPC"].find((field) => at(pod, field) === true) ?? "",
    ].filter((field) => field !== "");
    return wrong.length === 0 ? undefined : wrong.join(", ");
  },
);

export const probesDiffer: Rule = {
  name: "asks three different questions with its probes",
  violations: ({ services }) =>
    services.flatMap(({ title, containers }) =>
      containers.flatMap((container) => {
        const path = (probe: string): unknown => at(container, probe, "httpGet", "path");
        const missing = ["startupProbe", "readinessProbe", "livenessProbe"].filter(
          (probe) => path(probe) === undefined,
        );
        if (missing.length > 0) return [`${title}: no ${missing.join(", ")}`];
        // What others do must not have us restarted.
        return path("livenessProbe") === path("readinessProbe")
          ? [`${title}: liveness asks what readiness asks`]
          : [];
      }),
    ),
};

export const disruptionsAreBudgeted: Rule = {
  name: "lets one pod of each Deployment be evicted, not more and not none",
  violations: (cluster) =>
    cluster.workloads
      .filter(({ kind }) => kind === "Deployment")
      .flatMap(({ title, labels }) => {
        const budgets = cluster
          .ofKind("PodDisruptionBudget")
          .filter((budget) =>
            Object.entries(recordAt(budget, "spec", "selector", "matchLabels")).every(
              ([key, value]) => labels[key] === value,
            ),
          );
        if (budgets.length !== 1) return [`${title}: ${budgets.length} budgets`];
        return at(budgets[0], "spec", "maxUnavailable") === 1 ? [] : [`${title}: maxUnavailable is not 1`];
      }),
};

export const rolloutsReplaceFirst: Rule = {
  name: "starts the new pod before it ends the old one, and spreads each version by itself",
  violations: ({ workloads }) =>
    workloads
      .filter(({ kind }) => kind === "Deployment")
      .flatMap(({ title, manifest, pod }) => [
        ...(at(manifest, "spec", "strategy", "rollingUpdate", "maxUnavailable") === 0
          ? []
          : [`${title}: maxUnavailable`]),
        ...["kubernetes.io/hostname", "topology.kubernetes.io/zone"].flatMap((key) => {
          const constraint = listAt(pod, "topologySpreadConstraints").find(
            (one) => at(one, "topologyKey") === key,
          );
          if (constraint === undefined) return [`${title}: not spread over ${key}`];
          return listAt(constraint, "matchLabelKeys").includes("pod-template-hash")
            ? []
            : [`${title}: ${key} mixes versions`];
        }),
      ]),
};

/** What a process takes to close things once it has drained, at most: STOP_LIMIT_MS of the runtime. */
const STOP_S = 2;
/** So that a slow machine, too, gets to its own end. */
const AIR_S = 3;

/** Seconds that Kubernetes leaves a container after preStop. */
export function drainSeconds({ pod, containers }: Workload): number {
  const preStop = numberAt(containers[0], "lifecycle", "preStop", "sleep", "seconds");
  return numberAt(pod, "terminationGracePeriodSeconds") - preStop - STOP_S - AIR_S;
}

/** The workload that runs a program of this repository, by the folder of the service. */
export function programOf({ containers }: Workload): string | undefined {
  return listAt(containers[0], "args")
    .map(String)
    .find((argument) => argument.endsWith(".ts"));
}

export function ownWorkloads(cluster: Cluster): readonly Workload[] {
  return cluster.workloads.filter((workload) => programOf(workload) !== undefined);
}
