import { code, markdownTable } from "../markdown-table.ts";
import type { MetricsTable } from "./metric-declaration.ts";
import type { MergeRule } from "./metric-snapshot.ts";

const MERGED: Readonly<Record<MergeRule, string>> = {
  sum: "sum",
  min: "least",
  max: "most",
  each: "each",
};

/**
 * The reference of a table of metrics as Markdown, in the order of the table, with what several processes are merged to. The
 * same table always gives the same text.
 */
export function describeMetrics(table: MetricsTable): string {
  const rows = Object.values(table).map((declaration) => {
    const { name, kind, labels, help } = declaration;
    const merge = MERGED[kind === "gauge" ? declaration.merge : "sum"];
    return [code(name), kind, labels.map(code).join(", "), merge, help];
  });
  return markdownTable(["Metric", "Type", "Labels", "Processes", "Meaning"], rows);
}
