import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { listAt, textAt } from "./manifest.ts";
import { EXPORTED, readMetricUses, readMonitors } from "./metric-uses.ts";
import { isOfNatsExporter, NATS_EXPORTER_LABELS } from "./nats-exporter.ts";
import { readExpression, type Selector } from "./promql.ts";
import { PROMETHEUS, readRules } from "./rule-file.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What Prometheus and whoever tells it the targets add to every series. */
const TARGET_LABELS: readonly string[] = ["instance", "job", "namespace", "pod", "process"];
/** Exported, and not on the dashboard. */
const EXCUSED: Readonly<Record<string, string>> = {
  nodejs_heap_size_total_bytes: "what V8 has set aside says little; what of it is used is shown",
};

const uses = readMetricUses();

/** Labels by the name of every series that there can be. */
const known = new Map<string, readonly string[]>();
for (const { kind, name, labels } of EXPORTED) {
  const all = [...labels, ...TARGET_LABELS];
  if (kind === "histogram") {
    known
      .set(`${name}_bucket`, [...all, "le"])
      .set(`${name}_sum`, all)
      .set(`${name}_count`, all);
  } else {
    known.set(name, all);
  }
}
for (const { kind, name } of readRules()) {
  if (kind === "record") known.set(name, ["namespace", "slo"]);
}
// Of NATS servers. Whether there are such is looked up in a test with a server.
for (const { selectors } of uses) {
  for (const { metric } of selectors) if (isOfNatsExporter(metric)) known.set(metric, NATS_EXPORTER_LABELS);
}
// Series of Prometheus itself.
known.set("up", TARGET_LABELS).set("ALERTS", [...TARGET_LABELS, "alertname", "alertstate"]);

/** Everything that the code can call anything, in which a misspelt value would be missing. */
const words: ReadonlySet<string> = new Set(
  readdirSync(join(ROOT, "packages"), { recursive: true, encoding: "utf8" })
    .filter((path) => /^[a-z]+\/src\/.*\.ts$/.test(path) && !path.endsWith(".test.ts"))
    .flatMap((path) => readFileSync(join(ROOT, "packages", path), "utf8").match(/\w+/g) ?? []),
);

/** Values of labels of ours that the code does not know. */
function misspelt({ metric, matchers }: Selector): readonly string[] {
  const labels = known.get(metric) ?? [];
  return matchers
    .filter(({ label }) => labels.includes(label) && !TARGET_LABELS.includes(label))
    .filter(({ label }) => !["le", "slo", "alertname", "alertstate", ...NATS_EXPORTER_LABELS].includes(label))
    .flatMap(({ value }) => value.split("|"))
    .filter((value) => !words.has(value));
}

describe("dashboard, rules and autoscalers", () => {
  it("use metrics that are exported", () => {
    expect(new Set(uses.map(({ kind }) => kind)).size).toBe(3);
    expect(
      uses.flatMap(({ where, selectors }) =>
        selectors.filter(({ metric }) => !known.has(metric)).map(({ metric }) => `${where}: ${metric}`),
      ),
    ).toStrictEqual([]);
  });

  it("choose and group by labels that these have", () => {
    expect(
      uses.flatMap(({ where, selectors, grouping }) => {
        const labels = selectors.flatMap(({ metric }) => known.get(metric) ?? []);
        const chosen = selectors.flatMap(({ metric, matchers }) =>
          matchers.map(({ label }) => label).filter((label) => !known.get(metric)?.includes(label)),
        );
        const strange = [...chosen, ...grouping.filter((label) => !labels.includes(label))];
        return strange.map((label) => `${where}: ${label}`);
      }),
    ).toStrictEqual([]);
  });

  it("choose values that the code gives them", () => {
    expect(
      uses.flatMap(({ where, selectors }) =>
        selectors.flatMap(misspelt).map((value) => `${where}: ${value}`),
      ),
    ).toStrictEqual([]);
  });

  it("choose jobs that the monitors make", () => {
    const jobs = readMonitors().map((monitor) => textAt(monitor, "metadata", "name"));
    const config: unknown = parse(readFileSync(join(PROMETHEUS, "prometheus.yaml"), "utf8"));
    const elsewhere = listAt(config, "scrape_configs").map((one) => textAt(one, "job_name"));
    expect(elsewhere).toStrictEqual(jobs);
    const matchers = uses.flatMap(({ selectors }) => selectors.flatMap((one) => one.matchers));
    const patterns = new Set(matchers.filter(({ label }) => label === "job").map(({ value }) => value));
    const fits = (pattern: string, job: string) => new RegExp(`^(?:${pattern})$`).test(job);
    for (const job of jobs.flatMap((name) => [name, `tidegate/${name}`])) {
      expect([...patterns].filter((pattern) => fits(pattern, job))).not.toStrictEqual([]);
    }
    for (const pattern of patterns) {
      expect(jobs.filter((job) => fits(pattern, job))).not.toStrictEqual([]);
    }
  });

  it("show every metric that is exported, but for what is excused", () => {
    const shown = new Set(
      uses
        .filter(({ kind }) => kind === "dashboard")
        .flatMap(({ selectors }) => selectors.map(({ metric }) => metric.replace(/_(?:bucket|sum)$/, ""))),
    );
    const hidden = EXPORTED.filter(({ name }) => !shown.has(name)).map(({ name }) => name);
    expect(hidden).toStrictEqual(Object.keys(EXCUSED));
  });

  it("would notice a misspelt value", () => {
    const { selectors } = readExpression('tidegate_closes_total{code="node_ful"}');
    expect(selectors.flatMap(misspelt)).toStrictEqual(["node_ful"]);
  });
});
