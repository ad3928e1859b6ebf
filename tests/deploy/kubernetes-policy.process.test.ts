import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createMetrics, Readiness, startOperationsServer } from "@tidegate/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { at, isRecord, listAt, parseManifests, recordAt } from "./manifest.ts";
import { Cluster } from "./policy/cluster.ts";
import * as pods from "./policy/pod-rules.ts";
import * as programs from "./policy/program-rules.ts";
import * as references from "./policy/reference-rules.ts";
import type { Rule } from "./policy/rule.ts";
import * as scaling from "./policy/scaling-rules.ts";
import { ACCOUNTS, KUBERNETES, OVERLAYS, type RenderedOverlay, renderOverlays } from "./rendered-overlay.ts";

/** Where kustomize is not in the cache, it is built first. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;

const accounts = readFileSync(ACCOUNTS, "utf8");
const adapter: unknown = parse(
  readFileSync(join(KUBERNETES, "components/hpa/prometheus-adapter-values.yaml"), "utf8"),
);

const RULES: readonly Rule[] = [
  pods.resourcesAreBounded,
  pods.imagesAreFixed,
  pods.podsAreConfined,
  pods.probesDiffer,
  pods.disruptionsAreBudgeted,
  pods.rolloutsReplaceFirst,
  references.selectorsMatch,
  references.selectorsAreExact,
  references.portsExist,
  references.routesLeadToServices,
  references.namesResolve,
  references.configurationRolls,
  references.networkIsClosed,
  programs.settingsLoad,
  programs.portsAreListenedOn,
  programs.drainFits,
  programs.startsFit,
  programs.memoryFits,
  programs.namespacesAreRead(accounts),
  scaling.oneAutoscaler,
  scaling.lossIsCarried,
  scaling.metricsExist(recordAt(adapter)),
  scaling.idleConnectionsStay,
];

let rendered: readonly RenderedOverlay[] = [];

beforeAll(async () => {
  rendered = await renderOverlays();
}, INSTALL_TIMEOUT_MS);

function renderedAs(overlay: string): RenderedOverlay {
  const found = rendered.find((one) => one.overlay === overlay);
  if (found === undefined) throw new TypeError(`there is no overlay ${overlay}`);
  return found;
}

describe.each(OVERLAYS)("overlay %s", (overlay) => {
  it.each(RULES.map((rule) => [rule.name, rule] as const))("%s", (_name, rule) => {
    expect(rule.violations(new Cluster(renderedAs(overlay).manifests))).toStrictEqual([]);
  });
});

/** Each breaks the rule before it, in the overlay where that can be broken. */
const BREAKS: readonly (readonly [Rule, string, string | RegExp, string])[] = [
  [pods.resourcesAreBounded, "production", /limits:\n +cpu: .*\n/, "limits:\n"],
  [pods.imagesAreFixed, "production", "image: tidegate:0.1.0", "image: tidegate:latest"],
  [pods.imagesAreFixed, "production", "image: tidegate:0.1.0", "image: tidegate"],
  [pods.podsAreConfined, "production", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"],
  [pods.podsAreConfined, "production", "enableServiceLinks: false", "enableServiceLinks: true"],
  [pods.probesDiffer, "production", "path: /healthz", "path: /readyz"],
  [pods.disruptionsAreBudgeted, "production", "maxUnavailable: 1", "maxUnavailable: 0"],
  [pods.rolloutsReplaceFirst, "production", "- pod-template-hash", "- other"],
  [
    references.selectorsMatch,
    "production",
    /selector:\n +app.kubernetes.io\/component: gateway/,
    "selector:\n    a: b",
  ],
  [references.selectorsAreExact, "production", "component: webhooks", "component: gateway"],
  [references.portsExist, "production", "targetPort: hooks", "targetPort: hook"],
  [references.portsExist, "production", "port: operations", "port: metrics"],
  [
    references.routesLeadToServices,
    "production-keda",
    /name: tidegate-hooks\n( +port: 80)/,
    "name: hooks\n$1",
  ],
  [
    references.namesResolve,
    "production",
    "name: tidegate-provision-credentials\n",
    "name: provision-credentials\n",
  ],
  [references.namesResolve, "development", "key: system", "key: sys"],
  [references.configurationRolls, "production", /tidegate-gateway-config-\w+/, "tidegate-gateway-config"],
  [references.networkIsClosed, "production", /- Egress\n/, "- Ingress\n"],
  [programs.settingsLoad, "production", "TIDEGATE_NATS_INBOX_PREFIX", "TIDEGATE_NATS_INBOX"],
  [programs.settingsLoad, "production", "connectionAgeMs: 4h", "connectionAge: 4h"],
  [programs.settingsLoad, "production", "secretKey: nats-password", "secretKey: password"],
  [
    programs.settingsLoad,
    "production",
    "services/gateway/src/provision.ts",
    "services/provision/src/main.ts",
  ],
  [programs.portsAreListenedOn, "production", "containerPort: 8080", "containerPort: 80"],
  [programs.portsAreListenedOn, "production", "value: 0.0.0.0", "value: 127.0.0.1"],
  [
    programs.drainFits,
    "production",
    "terminationGracePeriodSeconds: 65",
    "terminationGracePeriodSeconds: 55",
  ],
  [programs.drainFits, "production", "windowMs: 30s", "windowMs: 44s"],
  [programs.startsFit, "production", "failureThreshold: 30", "failureThreshold: 10"],
  [programs.memoryFits, "production", "memory: 1536Mi", "memory: 1300Mi"],
  [programs.memoryFits, "production", "memoryBytes: 1280MiB", "retryMs: 5s"],
  [programs.namespacesAreRead(accounts), "production", "orders:", "others:"],
  [programs.namespacesAreRead(accounts), "production", "_INBOX_gateway", "_INBOX_node"],
  [scaling.oneAutoscaler, "production", "kind: HorizontalPodAutoscaler", "kind: Other"],
  [scaling.lossIsCarried, "production", 'averageValue: "20000"', 'averageValue: "30000"'],
  [scaling.lossIsCarried, "production-keda", "windowMs: 30s", "windowMs: 5s"],
  [
    scaling.metricsExist(recordAt(adapter)),
    "production",
    "name: tidegate_connections_per_pod",
    "name: connections",
  ],
  [
    scaling.metricsExist(recordAt(adapter)),
    "production-keda",
    "sum(tidegate_connections{",
    "sum(tidegate_sockets{",
  ],
  [scaling.idleConnectionsStay, "production", 'proxy-read-timeout: "120"', 'proxy-read-timeout: "60"'],
  [scaling.idleConnectionsStay, "production-keda", "request: 0s", "request: 15s"],
];

describe("the policy", () => {
  it.each(BREAKS.map((one) => [one[0].name, one[1], one[3], one] as const))(
    "%s: not in %s with %j",
    (_name, _overlay, _after, [rule, overlay, before, after]) => {
      const { text } = renderedAs(overlay);
      const broken = text.replaceAll(typeof before === "string" ? before : new RegExp(before, "g"), after);
      expect(broken).not.toBe(text);
      expect(rule.violations(new Cluster(parseManifests(broken)))).not.toStrictEqual([]);
    },
  );

  it("breaks every rule that it has", () => {
    const broken = new Set(BREAKS.map(([rule]) => rule.name));
    expect(RULES.map(({ name }) => name).filter((name) => !broken.has(name))).toStrictEqual([]);
  });
});

it("probes and monitors ask for what the operations server has", async () => {
  const { exposition, close } = createMetrics({});
  const readiness = new Readiness(["nats"]);
  readiness.condition("nats").pass();
  const server = await startOperationsServer({ host: "127.0.0.1", port: 0, metrics: exposition, readiness });
  const paths = new Set<unknown>();
  for (const manifest of rendered.flatMap(({ manifests }) => manifests)) {
    const isOwn = at(manifest, "metadata", "name") !== "nats";
    for (const container of isOwn ? listAt(manifest, "spec", "template", "spec", "containers") : []) {
      for (const probe of Object.values(recordAt(container))) {
        if (isRecord(probe) && isRecord(probe["httpGet"])) paths.add(probe["httpGet"]["path"]);
      }
    }
    for (const endpoint of listAt(manifest, "spec", "podMetricsEndpoints")) paths.add(at(endpoint, "path"));
  }
  expect(paths.size).toBe(3);
  for (const path of paths) {
    expect((await fetch(`http://127.0.0.1:${server.port}${path}`)).status, String(path)).toBe(200);
  }
  await server.close();
  close();
});

it.each(["prometheus", "grafana"])(
  "what deploy/%s has for Kubernetes is part of the monitoring",
  (folder) => {
    expect(existsSync(join(KUBERNETES, "..", folder, "kustomization.yaml"))).toBe(true);
    const component: unknown = parse(
      readFileSync(join(KUBERNETES, "components/monitoring/kustomization.yaml"), "utf8"),
    );
    expect(listAt(component, "resources")).toContain(`../../../${folder}`);
  },
);
