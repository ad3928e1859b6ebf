import { readFileSync } from "node:fs";
import { join } from "node:path";
import { at, listAt, textAt } from "./manifest.ts";

const DASHBOARD = join(import.meta.dirname, "../../deploy/grafana/tidegate.json");

interface DashboardQuery {
  readonly panel: string;
  readonly expression: string;
}

/** What the dashboard asks Prometheus, with Grafana's own variables replaced by something of their kind. */
export function readDashboard(): readonly DashboardQuery[] {
  const dashboard: unknown = JSON.parse(readFileSync(DASHBOARD, "utf8"));
  const ofPanels = listAt(dashboard, "panels").flatMap((panel) =>
    listAt(panel, "targets").map((target) => ({
      panel: textAt(panel, "title"),
      expression: textAt(target, "expr"),
    })),
  );
  const ofVariables = listAt(dashboard, "templating", "list").flatMap((variable) => {
    const query = at(variable, "query", "query");
    const [, expression] = /^label_values\((.*), \w+\)$/.exec(typeof query === "string" ? query : "") ?? [];
    return expression === undefined ? [] : [{ panel: textAt(variable, "name"), expression }];
  });
  return [...ofPanels, ...ofVariables].map(({ panel, expression }) => ({
    panel,
    expression: expression
      .replaceAll("$__rate_interval", "5m")
      .replaceAll("$__range", "3h")
      .replaceAll(/\$\w+/g, ".*"),
  }));
}
