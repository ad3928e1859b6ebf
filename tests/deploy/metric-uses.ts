import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GATEWAY_METRICS } from "@tidegate/gateway";
import { processMetrics, supervisorMetrics } from "@tidegate/runtime";
import { HOOK_METRICS, WEBHOOK_METRICS } from "@tidegate/webhooks";
import { parse } from "yaml";
import { readDashboard } from "./dashboard.ts";
import { listAt, type Manifest, parseManifests, textAt } from "./manifest.ts";
import { type Reading, readExpression } from "./promql.ts";
import { readRules } from "./rule-file.ts";

const COMPONENTS = join(import.meta.dirname, "../../deploy/kubernetes/components");

interface ExportedMetric {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly labels: readonly string[];
}

/** All that gateways, webhook processes and supervisors export: what docs/metrics.md lists. */
export const EXPORTED: readonly ExportedMetric[] = [
  GATEWAY_METRICS,
  HOOK_METRICS,
  WEBHOOK_METRICS,
  processMetrics,
  supervisorMetrics,
].flatMap((table) => Object.values<ExportedMetric>(table));

/** A place that reads metrics, and what it reads. */
interface MetricUse extends Reading {
  /** Of the dashboard, the rules, or an autoscaler. */
  readonly kind: "dashboard" | "rule" | "autoscaler";
  readonly where: string;
}

/** @throws SyntaxError for an expression that may read anything. */
export function readMetricUses(): readonly MetricUse[] {
  return [
    ...readDashboard().map(({ panel, expression }) => use("dashboard", panel, expression)),
    ...readRules().map(({ name, expression }) => use("rule", name, expression)),
    ...autoscalerQueries().map((expression) => use("autoscaler", expression, expression)),
  ];
}

export function readMonitors(): readonly Manifest[] {
  return parseManifests(readFileSync(join(COMPONENTS, "monitoring/pod-monitors.yaml"), "utf8"));
}

function use(kind: MetricUse["kind"], where: string, expression: string): MetricUse {
  return { kind, where, ...readExpression(expression) };
}

function autoscalerQueries(): readonly string[] {
  const [scaler] = parseManifests(readFileSync(join(COMPONENTS, "keda/scaled-object.yaml"), "utf8"));
  const adapter: unknown = parse(
    readFileSync(join(COMPONENTS, "hpa/prometheus-adapter-values.yaml"), "utf8"),
  );
  return [
    ...listAt(scaler, "spec", "triggers")
      .filter((trigger) => textAt(trigger, "type") === "prometheus")
      .map((trigger) => textAt(trigger, "metadata", "query")),
    ...listAt(adapter, "rules", "custom").map((rule) => textAt(rule, "seriesQuery")),
  ];
}
