import { expect, test } from "vitest";
import { dashboardSvg, frameOf } from "./dashboard-svg.ts";

test("panels lie where the grid says, and do not touch", () => {
  const left = frameOf({ x: 0, y: 1, w: 8, h: 7 }, 60);
  const right = frameOf({ x: 8, y: 1, w: 8, h: 7 }, 60);
  expect(left.y).toBe(right.y);
  expect(right.x - (left.x + left.width)).toBe(8);
  expect(frameOf({ x: 0, y: 8, w: 8, h: 7 }, 60).y - (left.y + left.height)).toBe(8);
});

test("draws lines, marks, and says where there is nothing", () => {
  const place = { x: 0, y: 0, w: 8, h: 7 };
  const panel = { kind: "graph", help: "", place, unit: "ops", threshold: 2, queries: [] } as const;
  const svg = dashboardSvg({
    dashboard: {
      title: "T",
      parts: [
        { ...panel, title: "A < B" },
        { ...panel, title: "Empty" },
      ],
    },
    lines: [
      [
        {
          name: "one",
          points: [
            [0, 1],
            [4, 3],
          ],
        },
      ],
      [],
    ],
    ...{ from: 0, to: 8, step: 4, origin: "here" },
    acts: [{ letter: "A", seconds: 4, what: "something happened" }],
  });
  for (const part of ["A &lt; B", "No data", "something happened", "ops/s", ">one<", "6 4"])
    expect(svg).toContain(part);
  expect(svg.match(/No data/g)).toHaveLength(1);
});
