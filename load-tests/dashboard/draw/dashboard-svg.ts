import type { Dashboard, GridPlace } from "../dashboard-model.ts";
import { type Frame, type Mark, type PanelLine, panelSvg } from "./panel-svg.ts";
import { svgText } from "./svg-text.ts";

/** What came of a dashboard's queries. */
export interface DashboardPicture {
  readonly dashboard: Dashboard;
  /** By index of the dashboard's parts. */
  readonly lines: readonly (readonly PanelLine[])[];
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** Under the title: where the figures are from. */
  readonly origin: string;
  readonly acts: readonly (Mark & { readonly what: string })[];
}

const COLUMN = 60;
const LINE = 25;
const COLUMNS = 24;
const GAP = 8;
const MARGIN = 8;
const HEAD = 52;
const ACT_LINE = 16;
const ACTS_IN_LINE = 3;
const MUTED = "#57606a";

/** Where a part of the grid lies in the picture; panels leave a gap between each other. */
export function frameOf({ x, y, w, h }: GridPlace, head: number): Frame {
  return {
    x: MARGIN + x * COLUMN + GAP / 2,
    y: head + y * LINE + GAP / 2,
    width: w * COLUMN - GAP,
    height: h * LINE - GAP,
  };
}

/** The whole dashboard as one picture that needs nothing else. */
export function dashboardSvg({ dashboard, lines, from, to, step, origin, acts }: DashboardPicture): string {
  const head = HEAD + Math.ceil(acts.length / ACTS_IN_LINE) * ACT_LINE + GAP;
  const width = COLUMNS * COLUMN + 2 * MARGIN;
  const deepest = Math.max(...dashboard.parts.map(({ place }) => place.y + place.h));
  const height = head + deepest * LINE + MARGIN;
  const parts = dashboard.parts.flatMap((part, index) => {
    const frame = frameOf(part.place, head);
    if (part.kind === "row") {
      return [svgText(frame.x, frame.y + 14, `▾ ${part.title}`, { size: 14, weight: "600" })];
    }
    const content = {
      title: part.title,
      unit: part.unit,
      threshold: part.threshold,
      lines: lines[index] ?? [],
    };
    return panelSvg({ ...content, from, to, step, marks: acts }, frame);
  });
  const actWidth = (width - 2 * MARGIN) / ACTS_IN_LINE;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="Inter, system-ui, sans-serif" font-size="12" fill="#24292f">`,
    `<title>${dashboard.title}</title>`,
    `<rect width="${width}" height="${height}" fill="#f4f5f5"/>`,
    svgText(MARGIN + 4, 26, dashboard.title, { size: 20, weight: "600" }),
    svgText(MARGIN + 4, 46, origin, { color: MUTED }),
    ...acts.map(({ letter, what }, index) =>
      svgText(
        MARGIN + 4 + (index % ACTS_IN_LINE) * actWidth,
        HEAD + ACT_LINE * (Math.floor(index / ACTS_IN_LINE) + 0.75),
        `${letter}  ${what}`,
        { size: 11, color: MUTED },
      ),
    ),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}
