import { GATEWAY_METRICS } from "@tidegate/gateway";
import { at, listAt, type Manifest, numberAt, recordAt, textAt, titleOf } from "../manifest.ts";
import type { Cluster } from "./cluster.ts";
import { settingsOf } from "./program-settings.ts";
import type { Rule } from "./rule.ts";

/** What an autoscaler will do, whichever it is. */
interface Scaling {
  readonly title: string;
  readonly least: number;
  readonly connectionsPerPod: number;
}

const GATEWAY_METRIC_NAMES: ReadonlySet<string> = new Set(
  Object.values(GATEWAY_METRICS).map(({ name }) => name),
);

function scalings(cluster: Cluster): readonly Scaling[] {
  return [
    ...cluster.ofKind("HorizontalPodAutoscaler").map((scaler) => ({
      title: titleOf(scaler),
      least: numberAt(scaler, "spec", "minReplicas"),
      connectionsPerPod: Number(textAt(podsMetric(scaler), "target", "averageValue")),
    })),
    ...cluster.ofKind("ScaledObject").map((scaler) => ({
      title: titleOf(scaler),
      least: numberAt(scaler, "spec", "minReplicaCount"),
      connectionsPerPod: Number(textAt(trigger(scaler), "metadata", "threshold")),
    })),
  ];
}

function podsMetric(scaler: Manifest): Manifest {
  return recordAt(
    listAt(scaler, "spec", "metrics").find((metric) => at(metric, "type") === "Pods"),
    "pods",
  );
}

function trigger(scaler: Manifest): Manifest {
  return recordAt(listAt(scaler, "spec", "triggers").find((one) => at(one, "type") === "prometheus"));
}

export const oneAutoscaler: Rule = {
  name: "has one autoscaler where it has several gateways, and then no number of its own",
  violations: (cluster) => {
    const found = scalings(cluster);
    const replicas = at(cluster.named("Deployment", "tidegate-gateway"), "spec", "replicas");
    if (found.length === 0) return replicas === 1 ? [] : ["no autoscaler"];
    return [
      ...(found.length === 1 ? [] : found.map(({ title }) => title)),
      ...(replicas === undefined ? [] : [`replicas: ${replicas}`]),
    ];
  },
};

export const lossIsCarried: Rule = {
  name: "leaves the other gateways room for the clients of one that is lost or drains, and time to take them",
  violations: (cluster) =>
    scalings(cluster).flatMap(({ title, least, connectionsPerPod }) => {
      const workload = cluster.services.find((one) => one.title === "Deployment tidegate-gateway");
      const settings = workload === undefined ? undefined : settingsOf(cluster, workload);
      if (settings?.program !== "gateway" || !settings.loaded.ok) return [`${title}: no gateway`];
      const { limits, drain, admission } = settings.loaded.settings;
      const others = least - 1;
      return [
        ...(connectionsPerPod * least <= limits.connections * others
          ? []
          : [`${title}: too many connections a pod`]),
        ...((limits.connections * 1_000) / drain.windowMs <= admission.connectsPerSecond * others
          ? []
          : [`${title}: drain.windowMs`]),
      ];
    }),
};

export const metricsExist = (adapterValues: Manifest): Rule => ({
  name: "scales on metrics that the gateways have and the adapter makes",
  violations: (cluster) => {
    const rules = listAt(adapterValues, "rules", "custom");
    const made = new Map(rules.map((rule) => [textAt(rule, "name", "as"), textAt(rule, "seriesQuery")]));
    const namespace = textAt(cluster.ofKind("Namespace")[0], "metadata", "name");
    return [
      ...cluster.ofKind("HorizontalPodAutoscaler").map((scaler) => {
        const name = textAt(podsMetric(scaler), "metric", "name");
        return { name, series: made.get(name) ?? "" };
      }),
      ...cluster.ofKind("ScaledObject").map((scaler) => {
        const query = textAt(trigger(scaler), "metadata", "query");
        const series = /\b(tidegate_\w+)\{namespace="([^"]*)"\}/.exec(query);
        return { name: query, series: series?.[2] === namespace ? (series[1] ?? "") : "" };
      }),
    ]
      .filter(({ series }) => !GATEWAY_METRIC_NAMES.has(series.replace(/\{.*$/, "")))
      .map(({ name }) => name);
  },
});

/** The longest wait of a poll: `timeout` of `/v1/poll`. */
const LONGEST_POLL_S = 60;

export const idleConnectionsStay: Rule = {
  name: "has proxies wait longer than connections are silent and polls wait",
  violations: (cluster) => [
    ...cluster.ofKind("Ingress").flatMap((ingress) =>
      Object.entries(recordAt(ingress, "metadata", "annotations"))
        .map(([name, value]) => ({
          name,
          seconds: Number(
            /(?:timeout=|timeout-\w+=|\bidle_timeout\.timeout_seconds=)(\d+)/.exec(`${name}=${value}`)?.[1],
          ),
        }))
        .filter(({ seconds }) => seconds <= LONGEST_POLL_S * 1.25)
        .map(({ name }) => name),
    ),
    ...cluster.ofKind("HTTPRoute").flatMap((route) =>
      listAt(route, "spec", "rules").flatMap((rule) =>
        listAt(rule, "backendRefs")
          .filter(
            (backend) =>
              at(backend, "name") === "tidegate-gateway" && at(rule, "timeouts", "request") !== "0s",
          )
          .map(() => titleOf(route)),
      ),
    ),
  ],
};
