/** A Markdown table. Cells are escaped here, so that callers pass plain text; an empty cell becomes a dash. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows.map((row) => row.map(escapeCell))];
  return `${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
}

/** Text as inline code; nothing stays nothing. */
export function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

function escapeCell(cell: string): string {
  const oneLine = cell.replace(/\s*\n\s*/g, " ").trim();
  return oneLine === "" ? "–" : oneLine.replaceAll("|", "\\|");
}
