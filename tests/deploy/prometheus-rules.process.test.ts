import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readDashboard } from "./dashboard.ts";
import { openPromtool, type Promtool } from "./promtool.ts";
import { filesIn, PROMETHEUS, readExpectations, readRules } from "./rule-file.ts";

/** Where promtool is not in the cache, it is fetched first. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;

const operations = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
const alerts = readRules().filter(({ kind }) => kind === "alert");
const expectations = readExpectations();

let promtool: Promtool;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-rules-"));
  promtool = await openPromtool();
}, INSTALL_TIMEOUT_MS);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("Prometheus takes the rules, and its configuration finds them", async () => {
  const said = await promtool(["check", "config", "prometheus.yaml"], PROMETHEUS);
  expect(said.match(/SUCCESS: \d+ rules found/g)).toHaveLength(filesIn("rules").length);
});

it.each(filesIn("tests"))("the alerts do what %s says", async (file) => {
  await promtool(["test", "rules", file], PROMETHEUS);
});

it("an alert that does not do what is said is found", async () => {
  const test = readFileSync(join(PROMETHEUS, "tests/webhooks.yaml"), "utf8");
  const broken = test.replace(
    'outcome="unreachable"}\', values: 0+40x40',
    'outcome="failed"}\', values: 0+40x40',
  );
  expect(broken).not.toBe(test);
  writeFileSync(join(directory, "broken.yaml"), broken.replace("../rules", join(PROMETHEUS, "rules")));
  await expect(promtool(["test", "rules", "broken.yaml"], directory)).rejects.toThrow(
    "TidegateWebhooksUnreachable",
  );
});

it("Prometheus takes every query of the dashboard", async () => {
  const rules = readDashboard().map(({ expression }, index) => ({
    record: `query_${index}`,
    expr: expression,
  }));
  expect(rules.length).toBeGreaterThan(80);
  writeFileSync(join(directory, "dashboard.yaml"), stringify({ groups: [{ name: "dashboard", rules }] }));
  await promtool(["check", "rules", "dashboard.yaml"], directory);
});

describe.each(alerts.map((alert) => [alert.name, alert] as const))("%s", (name, alert) => {
  it("is told to fire by one test, and not to by another", () => {
    const verdicts = expectations.filter((one) => one.alert === name).map(({ fires }) => fires);
    expect(verdicts).toContain(true);
    expect(verdicts).toContain(false);
  });

  it("says how bad it is, for how long it waits, and what to do", () => {
    expect(["critical", "warning"]).toContain(alert.labels["severity"]);
    expect(alert.holds).toMatch(/^[1-9]\d*m$/);
    const { summary, description, runbook_url: runbook } = alert.annotations;
    expect([typeof summary, typeof description]).toStrictEqual(["string", "string"]);
    expect(runbook).toMatch(new RegExp(`/docs/operations\\.md#${name.toLowerCase()}$`));
    const [, section] = operations.split(`\n### ${name}\n`);
    expect(section?.split("\n### ")[0]).toMatch(/\*\*Means\*\*[\s\S]*\*\*Look\*\*[\s\S]*\*\*Do\*\*/);
  });
});

it("the runbook is about alerts that there are", () => {
  const sections = [...operations.matchAll(/^### (Tidegate\w+)$/gm)].map(([, name]) => name);
  expect(sections.toSorted()).toStrictEqual(alerts.map(({ name }) => name).toSorted());
});
