import type { Chart, Series } from "../record/record.ts";

type Bars = Extract<Chart, { kind: "bars" }>;
type Lines = Extract<Chart, { kind: "lines" }>;

const WIDTH = 720;
const MARGIN = 16;
const TOP = 48;
const BAR_HEIGHT = 26;
const BAR_LABEL_WIDTH = 150;
const VALUE_WIDTH = 110;
const PLOT_HEIGHT = 240;
const AXIS_WIDTH = 80;
const AXIS_HEIGHT = 40;
const TICKS = 5;
/** Told apart also by those who see few colours. */
const COLORS = ["#0b6bcb", "#d1603d", "#2f855a", "#7a4fa3", "#8a6d1f"] as const;
const SUBJECT = "#0b6bcb";
const OTHER = "#9aa5b1";

/** A chart as a picture that needs nothing else: no fonts, no scripts. */
export function renderSvg(chart: Chart): string {
  return chart.kind === "bars" ? bars(chart) : lines(chart);
}

function bars({ title, unit, bars: rows }: Bars): string {
  const longest = Math.max(...rows.map(([, value]) => value), Number.MIN_VALUE);
  const room = WIDTH - 2 * MARGIN - BAR_LABEL_WIDTH - VALUE_WIDTH;
  const parts = rows.flatMap(([name, value], index) => {
    const y = TOP + index * BAR_HEIGHT;
    const length = (room * value) / longest;
    const from = MARGIN + BAR_LABEL_WIDTH;
    return [
      text(from - 8, y + 16, name, { anchor: "end" }),
      `<rect x="${from}" y="${y + 3}" width="${round(length)}" height="${BAR_HEIGHT - 8}" rx="2" fill="${name.startsWith("tidegate") ? SUBJECT : OTHER}"/>`,
      text(from + length + 6, y + 16, compact(value), {}),
    ];
  });
  return picture(`${title}, ${unit}`, TOP + rows.length * BAR_HEIGHT + MARGIN, parts);
}

function lines({ title, unit, xUnit, lines: all }: Lines): string {
  const points = all.flatMap((line) => line.points);
  const right = niceCeiling(Math.max(...points.map(([x]) => x), Number.MIN_VALUE));
  const upper = niceCeiling(Math.max(...points.map(([, y]) => y), Number.MIN_VALUE));
  const left = MARGIN + AXIS_WIDTH;
  const width = WIDTH - left - MARGIN - 16;
  const xOf = (x: number): number => left + (width * x) / right;
  const yOf = (y: number): number => TOP + PLOT_HEIGHT * (1 - y / upper);
  const ticks = Array.from({ length: TICKS + 1 }, (_, tick) => tick / TICKS);
  const parts = [
    ...ticks.flatMap((share) => [
      `<line x1="${left}" x2="${left + width}" y1="${round(yOf(share * upper))}" y2="${round(yOf(share * upper))}" stroke="#e1e5ea"/>`,
      text(left - 8, yOf(share * upper) + 4, compact(share * upper), { anchor: "end" }),
      text(xOf(share * right), TOP + PLOT_HEIGHT + 18, compact(share * right), { anchor: "middle" }),
    ]),
    text(left + width / 2, TOP + PLOT_HEIGHT + 36, xUnit, { anchor: "middle" }),
    ...all.flatMap((line, index) => drawn(line, COLORS[index % COLORS.length] ?? SUBJECT, xOf, yOf)),
    ...(all.length > 1 ? legend(all, left) : []),
  ];
  return picture(`${title}, ${unit}`, TOP + PLOT_HEIGHT + AXIS_HEIGHT + MARGIN, parts);
}

function drawn(
  { points }: Series,
  color: string,
  xOf: (x: number) => number,
  yOf: (y: number) => number,
): readonly string[] {
  const path = points.map(([x, y]) => `${round(xOf(x))},${round(yOf(y))}`).join(" ");
  return [`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`];
}

function legend(all: readonly Series[], left: number): readonly string[] {
  return all.flatMap(({ name }, index) => [
    `<rect x="${left + 8 + index * 140}" y="${TOP - 14}" width="10" height="10" fill="${COLORS[index % COLORS.length]}"/>`,
    text(left + 24 + index * 140, TOP - 5, name, {}),
  ]);
}

function picture(title: string, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(MARGIN, 26, title, { weight: "bold" }),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

interface TextStyle {
  readonly anchor?: "middle" | "end";
  readonly weight?: "bold";
}

function text(x: number, y: number, content: string, { anchor, weight }: TextStyle): string {
  const style = `${anchor === undefined ? "" : ` text-anchor="${anchor}"`}${weight === undefined ? "" : ` font-weight="${weight}"`}`;
  return `<text x="${round(x)}" y="${round(y)}" fill="#1f2933"${style}>${escaped(content)}</text>`;
}

/** The next of 1, 2, 2.5 and 5 times a power of ten. */
export function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power >= value) ?? 10;
  return factor * power;
}

/** Three digits that count, and what they stand for: `4.39 M`. */
export function compact(value: number): string {
  const [divisor, suffix] =
    value >= 1e6 ? ([1e6, " M"] as const) : value >= 1e4 ? ([1e3, " k"] as const) : ([1, ""] as const);
  return `${Number((value / divisor).toPrecision(value >= 1e3 && divisor === 1 ? 4 : 3))}${suffix}`;
}

/** As exact as can be seen. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
