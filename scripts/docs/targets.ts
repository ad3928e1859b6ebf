import { GATEWAY_METRICS, GATEWAY_SETTINGS, OPENAPI } from "@tidegate/gateway";
import { describeMetrics, describeSettings, processMetrics, supervisorMetrics } from "@tidegate/runtime";
import { HOOK_METRICS, WEBHOOK_METRICS, WEBHOOK_SERVICE_SETTINGS } from "@tidegate/webhooks";
import { tidegateDashboard } from "../dashboards/tidegate-dashboard.ts";
import { fillSections } from "./generated-sections.ts";
import { prometheusRule } from "./prometheus-rule.ts";
import { protocolSections } from "./protocol-sections.ts";
import { sizingSections } from "./sizing-sections.ts";

/** A document with generated sections, or one that is generated as a whole. */
export type DocumentTarget = {
  /** From the root of the repository. */
  readonly path: string;
} & (
  | {
      /** Markdown by section name. */
      readonly sections: () => ReadonlyMap<string, string>;
    }
  | { readonly whole: () => string }
);

export const TARGETS: readonly DocumentTarget[] = [
  { path: "packages/protocol/PROTOCOL.md", sections: protocolSections },
  {
    path: "docs/configuration.md",
    sections: () =>
      new Map([
        ["settings", describeSettings(GATEWAY_SETTINGS)],
        ["webhook-settings", describeSettings(WEBHOOK_SERVICE_SETTINGS)],
      ]),
  },
  {
    path: "docs/metrics.md",
    sections: () =>
      new Map([
        ["gateway", describeMetrics(GATEWAY_METRICS)],
        ["hooks", describeMetrics(HOOK_METRICS)],
        ["webhooks", describeMetrics(WEBHOOK_METRICS)],
        ["process", describeMetrics(processMetrics)],
        ["supervisor", describeMetrics(supervisorMetrics)],
      ]),
  },
  { path: "docs/sizing.md", sections: sizingSections },
  { path: "packages/gateway/openapi.json", whole: () => json(OPENAPI) },
  { path: "deploy/grafana/tidegate.json", whole: () => json(tidegateDashboard()) },
  { path: "deploy/prometheus/prometheus-rule.yaml", whole: prometheusRule },
];

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** What the document should be, given what it is. */
export function renderDocument(target: DocumentTarget, text: string): string {
  return "whole" in target ? target.whole() : fillSections(text, target.sections());
}
