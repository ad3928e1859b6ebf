import { escaped, round } from "../../charts/svg.ts";

export interface TextStyle {
  readonly size?: number;
  readonly color?: string;
  readonly anchor?: "middle" | "end";
  readonly weight?: "600";
}

/** Of a letter, on average, as a share of its height: there is no way to measure here. */
const WIDTH = 0.56;

export function svgText(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size, color, anchor, weight } = style;
  const attributes = [
    size === undefined ? "" : ` font-size="${size}"`,
    color === undefined ? "" : ` fill="${color}"`,
    anchor === undefined ? "" : ` text-anchor="${anchor}"`,
    weight === undefined ? "" : ` font-weight="${weight}"`,
  ].join("");
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escaped(content)}</text>`;
}

/** About how wide a text is. */
export function textWidth(content: string, size: number): number {
  return content.length * size * WIDTH;
}

/** The text, or as much of it as fits, with a sign that it goes on. */
export function fitted(content: string, size: number, room: number): string {
  const most = Math.floor(room / (size * WIDTH));
  return content.length <= most ? content : `${content.slice(0, Math.max(0, most - 1))}…`;
}
