import { round } from "../../charts/svg.ts";
import { type Tick, timeTicks, valueAxis } from "./axis.ts";
import { drawLegend, LEGEND_LINE, legendLines } from "./legend.ts";
import { linePath, type Plot, stretches } from "./line-path.ts";
import { fitted, svgText } from "./svg-text.ts";

export interface PanelLine {
  readonly name: string;
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

/** Something that was done to the stack, and when. */
export interface Mark {
  readonly letter: string;
  readonly seconds: number;
}

export interface PanelContent {
  readonly title: string;
  readonly unit: string;
  readonly threshold: number | undefined;
  readonly lines: readonly PanelLine[];
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly marks: readonly Mark[];
}

export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const PADDING = 8;
const HEAD = 34;
const AXIS_WIDTH = 66;
const TIMES = 16;
/** Share of the axis behind the last mark of time, which would not fit. */
const TIME_ROOM = 0.04;
const SIZE = 10;
const TITLE_SIZE = 12;
const MUTED = "#6e7781";
const GRID = "#e8eaed";
const MARK = "#a0a7b0";
const BAD = "#e02f44";
const COLORS = [
  ...["#56a64b", "#e0b400", "#3274d9", "#ff780a", "#e02f44", "#8f3bb8", "#1f9e9e", "#7c5c3b"],
  ...["#8ab8ff", "#96d98d", "#c15c17", "#ca95e5", "#ad0317", "#5195ce", "#b7880b", "#37872d"],
] as const;

/** A panel of lines as Grafana draws it: title, axes, legend. */
export function panelSvg(content: PanelContent, { x, y, width, height }: Frame): readonly string[] {
  const { title, unit, threshold, lines, from, to, step, marks } = content;
  const colored = lines.map((line, index) => ({ ...line, color: COLORS[index % COLORS.length] ?? MUTED }));
  const room = width - 2 * PADDING;
  const legend = colored.length === 0 ? [] : legendLines(colored, room);
  const left = x + PADDING + AXIS_WIDTH;
  const right = x + width - PADDING;
  const top = y + HEAD;
  const bottom = y + height - PADDING - legend.length * LEGEND_LINE - TIMES;
  const axis = valueAxis(
    unit,
    Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => value))),
  );
  const plot: Plot = {
    xOf: (seconds) => left + ((right - left) * (seconds - from)) / (to - from),
    yOf: (value) => bottom - ((bottom - top) * value) / axis.end,
    step,
  };
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="2" fill="#ffffff" stroke="#dcdfe3"/>`,
    svgText(x + PADDING, y + 18, fitted(title, TITLE_SIZE, room), { size: TITLE_SIZE, weight: "600" }),
    ...(lines.length === 0
      ? [svgText(x + width / 2, y + height / 2 + 4, "No data", { color: MUTED, anchor: "middle" })]
      : [
          ...axis.ticks.map((tick) => levelLine(tick, plot, left, right)),
          ...timeTicks(from, to - (to - from) * TIME_ROOM).map(({ value, text }) =>
            svgText(plot.xOf(value), bottom + 13, text, { size: SIZE, color: MUTED, anchor: "middle" }),
          ),
          ...marks.flatMap((mark) => drawnMark(mark, plot, top, bottom)),
          ...colored.flatMap(({ points, color }) => drawnLine(points, color, plot, bottom)),
          ...(threshold === undefined || threshold > axis.end
            ? []
            : [thresholdLine(plot.yOf(threshold), left, right)]),
          ...drawLegend(legend, x + PADDING, bottom + TIMES + LEGEND_LINE - 3),
        ]),
  ];
}

function levelLine({ value, text }: Tick, { yOf }: Plot, left: number, right: number): string {
  const y = round(yOf(value));
  return `<path d="M${round(left)} ${y}H${round(right)}" stroke="${GRID}"/>${svgText(left - 6, y + 3, text, { size: SIZE, color: MUTED, anchor: "end" })}`;
}

function thresholdLine(at: number, left: number, right: number): string {
  return `<path d="M${round(left)} ${round(at)}H${round(right)}" stroke="${BAD}" stroke-dasharray="6 4"/>`;
}

function drawnMark({ letter, seconds }: Mark, { xOf }: Plot, top: number, bottom: number): readonly string[] {
  const x = round(xOf(seconds));
  return [
    `<path d="M${x} ${top}V${round(bottom)}" stroke="${MARK}" stroke-dasharray="2 3"/>`,
    svgText(x, top - 2, letter, { size: 8, color: MUTED, anchor: "middle" }),
  ];
}

function drawnLine(
  points: PanelLine["points"],
  color: string,
  plot: Plot,
  bottom: number,
): readonly string[] {
  return stretches(points, plot.step).map((stretch) => {
    const path = linePath(stretch, plot);
    const [start, end] = [stretch[0]?.[0] ?? 0, stretch.at(-1)?.[0] ?? 0];
    const stroke = `<path d="${path}" fill="none" stroke="${color}"/>`;
    // Most lines of some panels never leave the axis.
    if (stretch.every(([, value]) => value === 0)) return stroke;
    const area = `${path}L${round(plot.xOf(end))} ${round(bottom)}H${round(plot.xOf(start))}Z`;
    return `<path d="${area}" fill="${color}" fill-opacity=".08"/>${stroke}`;
  });
}
