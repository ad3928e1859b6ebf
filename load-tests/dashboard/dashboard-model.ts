/** Where something lies, in the columns and lines of Grafana's grid: 24 columns, and as many lines as it takes. */
export interface GridPlace {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface PanelQuery {
  readonly expression: string;
  /** What its lines are called: `{{label}}` stands for the value of a label. */
  readonly legend: string;
}

interface RowHead {
  readonly kind: "row";
  readonly title: string;
  readonly place: GridPlace;
}

export interface GraphPanel {
  readonly kind: "graph";
  readonly title: string;
  readonly help: string;
  readonly place: GridPlace;
  /** Grafana's name of it. */
  readonly unit: string;
  /** From where on it is bad. */
  readonly threshold: number | undefined;
  readonly queries: readonly PanelQuery[];
}

export interface Dashboard {
  readonly title: string;
  readonly parts: readonly (RowHead | GraphPanel)[];
}

/** As far as it is read here of what Grafana imports. */
interface GrafanaPanel {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: GridPlace;
  readonly fieldConfig?: {
    readonly defaults?: {
      readonly unit?: string;
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null }[] };
    };
  };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** @throws TypeError for panels of a kind that is not drawn here. */
export function parseDashboard(text: string): Dashboard {
  const { title, panels } = JSON.parse(text) as {
    readonly title: string;
    readonly panels: readonly GrafanaPanel[];
  };
  return { title, parts: panels.map(partOf) };
}

function partOf(panel: GrafanaPanel): RowHead | GraphPanel {
  const { type, title, gridPos: place } = panel;
  if (type === "row") return { kind: "row", title, place };
  if (type !== "timeseries") throw new TypeError(`${title} is a ${type}, which is not drawn here`);
  const { defaults } = panel.fieldConfig ?? {};
  return {
    kind: "graph",
    title,
    help: panel.description ?? "",
    place,
    unit: defaults?.unit ?? "none",
    threshold: defaults?.thresholds?.steps.at(-1)?.value ?? undefined,
    queries: (panel.targets ?? []).map(({ expr, legendFormat }) => ({
      expression: expr,
      legend: legendFormat,
    })),
  };
}
