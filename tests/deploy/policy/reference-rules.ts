import { at, kindOf, listAt, type Manifest, recordAt, textAt, titleOf } from "../manifest.ts";
import { portNames, type Workload } from "./cluster.ts";
import type { Rule } from "./rule.ts";

const SELECTORS: Readonly<Record<string, readonly string[]>> = {
  Service: ["spec", "selector"],
  PodDisruptionBudget: ["spec", "selector", "matchLabels"],
  PodMonitor: ["spec", "selector", "matchLabels"],
  NetworkPolicy: ["spec", "podSelector", "matchLabels"],
  Deployment: ["spec", "selector", "matchLabels"],
  StatefulSet: ["spec", "selector", "matchLabels"],
};
function selects(manifest: Manifest): Manifest | undefined {
  const path = SELECTORS[kindOf(manifest)];
  return path === undefined ? undefined : recordAt(manifest, ...path);
}

/** Of NATS, which in production is not among the manifests: its own chart makes it. */
function isOfChart(labels: Manifest): boolean {
  return labels["app.kubernetes.io/name"] === "nats";
}

export const selectorsMatch: Rule = {
  name: "selects pods that there are",
  violations: (cluster) =>
    cluster.manifests.flatMap((manifest) => {
      const labels = selects(manifest);
      if (labels === undefined || isOfChart(labels)) return [];
      return cluster.selected(labels).length > 0 && Object.keys(labels).length > 0 ? [] : [titleOf(manifest)];
    }),
};

export const selectorsAreExact: Rule = {
  name: "has each workload and each of its constraints select its own pods and no others",
  violations: (cluster) =>
    cluster.workloads.flatMap(({ title, kind, manifest, pod, labels }) => {
      const own = kind === "Job" ? labels : recordAt(manifest, "spec", "selector", "matchLabels");
      const spreads = listAt(pod, "topologySpreadConstraints").map((one) =>
        recordAt(one, "labelSelector", "matchLabels"),
      );
      return [own, ...spreads]
        .map((selector) => cluster.selected(selector).map((workload) => workload.title))
        .filter((titles) => titles.join() !== title)
        .map((titles) => `${title}: ${titles.join(" and ")}`);
    }),
};

export const portsExist: Rule = {
  name: "leads to ports that the pods have, under the names that they have there",
  violations: (cluster) => [
    ...cluster
      .ofKind("Service")
      .flatMap((service) =>
        listAt(service, "spec", "ports").flatMap((port) =>
          havePort(
            cluster.selected(recordAt(service, "spec", "selector")),
            at(port, "targetPort"),
            titleOf(service),
          ),
        ),
      ),
    ...cluster
      .ofKind("PodMonitor")
      .flatMap((monitor) =>
        listAt(monitor, "spec", "podMetricsEndpoints").flatMap((endpoint) => [
          ...havePort(
            cluster.selected(recordAt(monitor, "spec", "selector", "matchLabels")),
            at(endpoint, "port"),
            titleOf(monitor),
          ),
          ...(at(endpoint, "path") === "/metrics" ? [] : [`${titleOf(monitor)}: path`]),
        ]),
      ),
    ...cluster.ofKind("NetworkPolicy").flatMap((policy) => {
      const labels = recordAt(policy, "spec", "podSelector", "matchLabels");
      if (isOfChart(labels)) return [];
      return listAt(policy, "spec", "ingress").flatMap((rule) =>
        listAt(rule, "ports").flatMap((port) =>
          havePort(cluster.selected(labels), at(port, "port"), titleOf(policy)),
        ),
      );
    }),
    ...cluster.workloads.flatMap((workload) =>
      workload.containers.flatMap((container) =>
        ["startupProbe", "readinessProbe", "livenessProbe"].flatMap((probe) => {
          const port = at(container, probe, "httpGet", "port");
          return port === undefined ? [] : havePort([workload], port, `${workload.title} ${probe}`);
        }),
      ),
    ),
  ],
};

function havePort(workloads: readonly Workload[], port: unknown, who: string): readonly string[] {
  return workloads
    .filter((workload) => !portNames(workload).includes(String(port)))
    .map(({ title }) => `${who}: ${title} has no ${port}`);
}

export const routesLeadToServices: Rule = {
  name: "routes to ports of Services that there are",
  violations: (cluster) => {
    const backends = [
      ...cluster.ofKind("Ingress").flatMap((ingress) =>
        listAt(ingress, "spec", "rules").flatMap((rule) =>
          listAt(rule, "http", "paths").map((path) => ({
            name: textAt(path, "backend", "service", "name"),
            port: at(path, "backend", "service", "port", "name"),
          })),
        ),
      ),
      ...cluster.ofKind("HTTPRoute").flatMap((route) =>
        listAt(route, "spec", "rules").flatMap((rule) =>
          listAt(rule, "backendRefs").map((backend) => ({
            name: textAt(backend, "name"),
            port: at(backend, "port"),
          })),
        ),
      ),
    ];
    return backends
      .filter(({ name, port }) => {
        const ports = listAt(cluster.named("Service", name), "spec", "ports");
        return !ports.some((one) => at(one, "name") === port || at(one, "port") === port);
      })
      .map(({ name, port }) => `${name} ${port}`);
  },
};

export const namesResolve: Rule = {
  name: "refers to configuration, secrets and accounts that there are",
  violations: (cluster) =>
    cluster.workloads.flatMap(({ title, manifest, pod, containers }) => {
      const missing: string[] = [];
      const account = textAt(pod, "serviceAccountName");
      if (at(cluster.named("ServiceAccount", account), "automountServiceAccountToken") !== false)
        missing.push(account);
      for (const volume of listAt(pod, "volumes")) {
        const map = at(volume, "configMap", "name");
        if (typeof map === "string" && cluster.named("ConfigMap", map) === undefined) missing.push(map);
        const secret = at(volume, "secret", "secretName");
        if (typeof secret === "string" && cluster.secretKeys(secret) === undefined) missing.push(secret);
      }
      for (const variable of containers.flatMap((container) => listAt(container, "env"))) {
        const reference = recordAt(variable, "valueFrom", "secretKeyRef");
        const { name, key } = reference;
        if (typeof name === "string" && !cluster.secretKeys(name)?.includes(String(key)))
          missing.push(`${name} ${key}`);
      }
      const claims = listAt(manifest, "spec", "volumeClaimTemplates").map((claim) =>
        at(claim, "metadata", "name"),
      );
      const volumes = [...claims, ...listAt(pod, "volumes").map((volume) => at(volume, "name"))];
      for (const mount of containers.flatMap((container) => listAt(container, "volumeMounts"))) {
        if (!volumes.includes(at(mount, "name"))) missing.push(textAt(mount, "name"));
      }
      return missing.map((name) => `${title}: ${name}`);
    }),
};

export const configurationRolls: Rule = {
  name: "gives ConfigMaps a checksum in their names, so that a change of them rolls the pods",
  violations: (cluster) => {
    const mounted = cluster.workloads
      .flatMap(({ pod }) => listAt(pod, "volumes"))
      .map((volume) => at(volume, "configMap", "name"));
    return cluster
      .ofKind("ConfigMap")
      .map((map) => textAt(map, "metadata", "name"))
      .filter((name) => mounted.includes(name) && !/-[a-z0-9]{10}$/.test(name));
  },
};

export const networkIsClosed: Rule = {
  name: "closes each pod's network but for what a policy opens",
  violations: (cluster) =>
    cluster.workloads
      .filter(({ labels }) => !isOfChart(labels))
      .filter(({ labels }) => {
        const policies = cluster
          .ofKind("NetworkPolicy")
          .filter((policy) =>
            Object.entries(recordAt(policy, "spec", "podSelector", "matchLabels")).every(
              ([key, value]) => labels[key] === value,
            ),
          );
        return !["Ingress", "Egress"].every((way) =>
          policies.some((policy) => listAt(policy, "spec", "policyTypes").includes(way)),
        );
      })
      .map(({ title }) => title),
};
