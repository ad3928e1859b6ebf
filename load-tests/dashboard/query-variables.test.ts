import { expect, test } from "vitest";
import { legendText, rateInterval, resolveVariables } from "./query-variables.ts";

const WINDOW = { from: 1000, to: 1300, step: 4, scrape: 2 };

test.each([
  [{ step: 4, scrape: 2 }, 8],
  [{ step: 60, scrape: 15 }, 75],
])("rates of %j go over %d s, as Grafana has it", (window, seconds) => {
  expect(rateInterval(window)).toBe(seconds);
});

test("variables get values, in both ways of writing them", () => {
  const braced = "$" + "{name}";
  const expression = `sum(rate(m{a=~"$name",b=~"${braced}"}[$__rate_interval])) and increase(m[$__range])`;
  expect(resolveVariables(expression, WINDOW, { name: ".*" })).toBe(
    'sum(rate(m{a=~".*",b=~".*"}[8s])) and increase(m[300s])',
  );
});

test("a variable without a value is no empty text", () => {
  expect(() => resolveVariables("m[$unknown]", WINDOW, {})).toThrow("$unknown");
});

test("a line is called by its labels", () => {
  expect(legendText("{{instance}} {{ process }}", { instance: "n1" })).toBe("n1");
  expect(legendText("to {{who}}", { who: "clients" })).toBe("to clients");
});
