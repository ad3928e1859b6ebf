import { expect, it } from "vitest";
import { readExpression } from "./promql.ts";

function metricsIn(expression: string): readonly string[] {
  return readExpression(expression).selectors.map(({ metric }) => metric);
}

it("finds the metrics of an expression and nothing else", () => {
  expect(metricsIn("up == 0 or absent(up)")).toStrictEqual(["up", "up"]);
  expect(metricsIn('sum by (le) (rate(a_bucket{le="1",b=~"c|d"}[5m]))')).toStrictEqual(["a_bucket"]);
  expect(metricsIn("a / on (slo) group_left () slo:b:ratio offset 1d")).toStrictEqual(["a", "slo:b:ratio"]);
  expect(metricsIn("sum(a) > bool 1.5 and count without (x) (b{}) unless vector(1)")).toStrictEqual([
    "a",
    "b",
  ]);
  expect(metricsIn("a # and b\n+ c")).toStrictEqual(["a", "c"]);
});

it("finds the labels by which it chooses and groups", () => {
  const { selectors, grouping } = readExpression(
    'sum by (a, b) (m{c="x",d!~"y{z}|\\"",e!=""}) * ignoring(f) n',
  );
  expect(selectors).toStrictEqual([
    {
      metric: "m",
      matchers: [
        { label: "c", operator: "=", value: "x" },
        { label: "d", operator: "!~", value: 'y{z}|\\"' },
        { label: "e", operator: "!=", value: "" },
      ],
    },
    { metric: "n", matchers: [] },
  ]);
  expect(grouping).toStrictEqual(["a", "b", "f"]);
});

it("refuses a selector without a metric", () => {
  expect(() => readExpression('{job="a"}')).toThrow(SyntaxError);
});
