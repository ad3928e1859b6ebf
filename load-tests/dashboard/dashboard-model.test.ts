import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseDashboard } from "./dashboard-model.ts";
import { unitScale } from "./draw/unit-scale.ts";
import { resolveVariables } from "./query-variables.ts";

const SHIPPED = readFileSync(new URL("../../deploy/grafana/tidegate.json", import.meta.url), "utf8");

test("every panel of the dashboard that is shipped can be drawn, and asked for", () => {
  const { parts } = parseDashboard(SHIPPED);
  const panels = parts.filter((part) => part.kind === "graph");
  expect(panels.length).toBeGreaterThan(50);
  const window = { from: 0, to: 300, step: 4, scrape: 2 };
  for (const { unit, queries } of panels) {
    expect(unitScale(unit, 1).divisor).toBeGreaterThan(0);
    expect(queries).not.toHaveLength(0);
    for (const { expression } of queries) {
      expect(resolveVariables(expression, window, { namespace: ".*", instance: ".*" })).not.toContain("$");
    }
  }
});

test("a panel of a kind that is not drawn is not passed over", () => {
  const panel = { type: "table", title: "Who", gridPos: { x: 0, y: 0, w: 8, h: 7 } };
  expect(() => parseDashboard(JSON.stringify({ title: "t", panels: [panel] }))).toThrow("Who is a table");
});
