import type { Panel, Row } from "./panel.ts";

/** Grafana's model of a dashboard, as it is imported. */
export type GrafanaDashboard = Readonly<Record<string, unknown>>;

interface DashboardOptions {
  /** Stays the same for ever: addresses and updates go by it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Whose labels the variables offer: a metric, and matchers. */
  readonly variablesFrom: readonly [metric: string, matchers: string];
  readonly rows: readonly Row[];
}

const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;
const COLUMNS = 3;
const WIDTH = 24 / COLUMNS;
const HEIGHT = 7;

/** Lays rows of panels out, three side by side. The same rows give the same bytes. */
export function grafanaDashboard(options: DashboardOptions): GrafanaDashboard {
  const { uid, title, description, rows } = options;
  const [metric, matchers] = options.variablesFrom;
  return {
    uid,
    title,
    description,
    tags: ["tidegate"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    // The moments of several panels are compared by eye.
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
        variable("namespace", "Namespace", `label_values(${metric}{${matchers}}, namespace)`),
        variable(
          "instance",
          "Instance",
          `label_values(${metric}{${matchers},namespace=~"$namespace"}, instance)`,
        ),
      ],
    },
    panels: laidOut(rows),
  };
}

function variable(name: string, label: string, query: string): GrafanaDashboard {
  return {
    name,
    label,
    type: "query",
    datasource: DATASOURCE,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    // Also for series without the label: not everybody runs Kubernetes.
    allValue: ".*",
    current: { text: "All", value: "$__all" },
  };
}

function laidOut(rows: readonly Row[]): readonly GrafanaDashboard[] {
  const panels: GrafanaDashboard[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y += 1;
    for (const [index, panel] of row.panels.entries()) {
      const at = { x: (index % COLUMNS) * WIDTH, y: y + Math.floor(index / COLUMNS) * HEIGHT };
      panels.push(timeSeries(panels.length + 1, panel, { ...at, w: WIDTH, h: HEIGHT }));
    }
    y += Math.ceil(row.panels.length / COLUMNS) * HEIGHT;
  }
  return panels;
}

function timeSeries(id: number, panel: Panel, gridPos: GrafanaDashboard): GrafanaDashboard {
  const { title, help, unit, threshold, queries } = panel;
  return {
    id,
    type: "timeseries",
    title,
    description: help,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        custom: {
          lineWidth: 1,
          fillOpacity: 8,
          showPoints: "never",
          ...(threshold === undefined ? {} : { thresholdsStyle: { mode: "dashed" } }),
        },
        ...(threshold === undefined ? {} : { thresholds: thresholdsAt(threshold) }),
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: "list", placement: "bottom" },
      tooltip: { mode: "multi", sort: "desc" },
    },
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat,
    })),
  };
}

function thresholdsAt(value: number): GrafanaDashboard {
  const steps = [
    { color: "green", value: null },
    { color: "red", value },
  ];
  return { mode: "absolute", steps };
}
