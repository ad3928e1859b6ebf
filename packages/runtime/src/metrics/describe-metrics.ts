import { code, markdownTable } from "../markdown-table.ts";
import type { MetricsTable } from "./metric-declaration.ts";

/** The reference of a table of metrics as Markdown, in the order of the table. The same table always gives the same text. */
export function describeMetrics(table: MetricsTable): string {
  const rows = Object.values(table).map(({ name, kind, labels, help }) => [
    code(name),
    kind,
    labels.map(code).join(", "),
    help,
  ]);
  return markdownTable(["Metric", "Type", "Labels", "Meaning"], rows);
}
