import { describe, expect, test } from "vitest";
import { compact, niceCeiling, renderSvg } from "./svg.ts";

test.each([
  [0.7, 1],
  [1, 1],
  [1.2, 2],
  [2.2, 2.5],
  [37, 50],
  [600, 1000],
])("an axis for %d ends at %d", (value, end) => {
  expect(niceCeiling(value)).toBeCloseTo(end);
});

test.each([
  [0, "0"],
  [1.234, "1.23"],
  [9876, "9876"],
  [12_345, "12.3 k"],
  [4_392_533, "4.39 M"],
])("%d is shown as %s", (value, shown) => {
  expect(compact(value)).toBe(shown);
});

describe("renderSvg", () => {
  test("draws a bar for each, the longest over the whole room", () => {
    const svg = renderSvg({
      ...{ kind: "bars", title: "a < b", unit: "µs" },
      bars: [
        ["bare", 10],
        ["tidegate", 5],
      ],
    });
    const widths = [...svg.matchAll(/<rect x="166" y="\d+" width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    );
    expect(widths).toEqual([428, 214]);
    expect(svg).toContain("<title>a &lt; b, µs</title>");
  });

  test("draws a line from the lower left to the upper right", () => {
    const points = [
      [0, 0],
      [10, 500],
    ] as const;
    const svg = renderSvg({
      ...{ kind: "lines", title: "t", unit: "MiB", xUnit: "minutes" },
      lines: [{ name: "one", points }],
    });
    expect(svg).toContain('<polyline points="96,288 688,48"');
  });
});
