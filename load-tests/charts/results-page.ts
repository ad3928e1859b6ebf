import { machineLine } from "../machine.ts";
import type { LoadRecord } from "../record/record.ts";
import { goalText, measuredText } from "../record/verdict.ts";

export interface NamedRecord {
  readonly name: string;
  readonly record: LoadRecord;
}

const BEGIN = "<!-- generated:results -->";
const LEAST_WIDTH = 3;
const END = "<!-- /generated:results -->";

/** The page with what stands between its marks made anew from the records. */
export function withResults(page: string, records: readonly NamedRecord[]): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) {
    throw new TypeError(`expected ${BEGIN} and ${END}`);
  }
  return `${page.slice(0, begin + BEGIN.length)}\n\n${records.map(section).join("\n\n")}\n\n${page.slice(end)}`;
}

/** The file of a chart, in the folder of charts. */
export function chartFile(name: string, index: number): string {
  return `${name}-${index + 1}.svg`;
}

function section({ name, record }: NamedRecord): string {
  const { command, machine, remarks, verdicts, charts } = record;
  return [
    `### ${name}`,
    "",
    `${machineLine(machine)}.`,
    "",
    "```sh",
    command,
    "```",
    "",
    ...markdownTable([
      ["figure", "measured", "goal", "verdict"],
      ...verdicts.map((one) => [one.title, measuredText(one), goalText(one), one.verdict]),
    ]),
    ...remarks.flatMap((remark) => ["", remark]),
    ...charts.flatMap(({ title }, index) => ["", `![${title}](charts/${chartFile(name, index)})`]),
  ].join("\n");
}

/** Padded as the formatter wants it; the second column to the right. */
function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), LEAST_WIDTH),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const padded = (row: readonly string[]): string =>
    line(
      row.map((cell, column) => (column === 1 ? cell.padStart : cell.padEnd).call(cell, widths[column] ?? 0)),
    );
  const rule = widths.map((width, column) =>
    column === 1 ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  return [padded(head), line(rule), ...rows.map(padded)];
}
