import type { Dashboard, GraphPanel } from "./dashboard-model.ts";
import type { PanelLine } from "./draw/panel-svg.ts";
import type { PrometheusServer } from "./prometheus/prometheus-server.ts";
import { legendText, type QueryWindow, resolveVariables } from "./query-variables.ts";

/** What the dashboard's own variables stand for while nothing is chosen. */
const ALL = { namespace: ".*", instance: ".*" } as const;

/** The lines of each part of the dashboard; rows have none. */
export async function askPanels(
  { parts }: Dashboard,
  prometheus: Pick<PrometheusServer, "queryRange">,
  window: QueryWindow,
): Promise<readonly (readonly PanelLine[])[]> {
  return await Promise.all(
    parts.map((part) => (part.kind === "row" ? [] : linesOf(part, prometheus, window))),
  );
}

async function linesOf(
  { queries }: GraphPanel,
  prometheus: Pick<PrometheusServer, "queryRange">,
  window: QueryWindow,
): Promise<readonly PanelLine[]> {
  const answers = await Promise.all(
    queries.map(async ({ expression, legend }) => {
      const series = await prometheus.queryRange(resolveVariables(expression, window, ALL), window);
      return series.map(({ labels, points }) => ({ name: legendText(legend, labels), points }));
    }),
  );
  return answers.flat();
}
