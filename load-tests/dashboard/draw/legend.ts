import { round } from "../../charts/svg.ts";
import { fitted, svgText, textWidth } from "./svg-text.ts";

export interface LegendItem {
  readonly name: string;
  readonly color: string;
}

export interface LegendLine {
  readonly items: readonly (LegendItem & { readonly x: number })[];
}

const SIZE = 10;
const MARK = 12;
const SPACE = 18;
export const LEGEND_LINE = 14;
const MOST_LINES = 3;
const MORE_COLOR = "#6e7781";

/** Names one after the other, in as many lines as it takes, but three at most: the last then says how many are left out. */
export function legendLines(items: readonly LegendItem[], width: number): readonly LegendLine[] {
  const lines: (LegendItem & { x: number })[][] = [[]];
  let x = 0;
  for (const [index, item] of items.entries()) {
    const name = fitted(item.name, SIZE, width - MARK);
    const length = MARK + textWidth(name, SIZE) + SPACE;
    if (x > 0 && x + length - SPACE > width) {
      if (lines.length === MOST_LINES) {
        lines.at(-1)?.splice(-1, 1, {
          name: `and ${items.length - index + 1} more`,
          color: "",
          x: lines.at(-1)?.at(-1)?.x ?? 0,
        });
        break;
      }
      lines.push([]);
      x = 0;
    }
    lines.at(-1)?.push({ ...item, name, x });
    x += length;
  }
  return lines.map((line) => ({ items: line }));
}

/** @param y of the baseline of the first line. */
export function drawLegend(lines: readonly LegendLine[], left: number, y: number): readonly string[] {
  return lines.flatMap(({ items }, line) =>
    items.flatMap(({ name, color, x }) => {
      const [at, base] = [left + x, y + line * LEGEND_LINE];
      return color === ""
        ? [svgText(at, base, name, { size: SIZE, color: MORE_COLOR })]
        : [
            `<rect x="${round(at)}" y="${base - 5}" width="8" height="3" rx="1" fill="${color}"/>`,
            svgText(at + MARK, base, name, { size: SIZE }),
          ];
    }),
  );
}
