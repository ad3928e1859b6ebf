import { describe, expect, expectTypeOf, test } from "vitest";
import { counter, defineMetrics, gauge, histogram, type MetricDeclaration } from "./metric-declaration.ts";

describe("defineMetrics", () => {
  test("keeps the label names in the type", () => {
    const table = defineMetrics({
      sent: counter("sent_total", "Sent.", ["format", "transport"]),
      open: gauge("open", "Open."),
    });
    expectTypeOf(table.sent.labels).toEqualTypeOf<readonly ("format" | "transport")[]>();
    expectTypeOf(table.open.labels).toEqualTypeOf<readonly never[]>();
  });

  const mistakes: readonly [string, MetricDeclaration, RegExp][] = [
    ["a name in capitals", gauge("Open", "h"), /lower case/],
    ["a counter without _total", counter("sent", "h"), /_total/],
    ["a gauge with _total", gauge("open_total", "h"), /_total/],
    ["no help", gauge("open", " "), /help/],
    ["a label twice", gauge("open", "h", ["a", "a"]), /twice/],
    ["a label in capitals", gauge("open", "h", ["Aa"]), /label Aa/],
    ["a label that Prometheus keeps for itself", histogram("t_seconds", "h", ["le"]), /label le/],
    ["a histogram without its unit", histogram("latency", "h"), /_seconds or _bytes/],
    ["no buckets", histogram("t_seconds", "h", [], []), /buckets/],
    ["buckets that do not ascend", histogram("t_seconds", "h", [], [1, 1]), /ascending/],
    ["an infinite bucket", histogram("t_seconds", "h", [], [1, Number.POSITIVE_INFINITY]), /finite/],
  ];

  test.each(mistakes)("refuses %s", (_name, metric, message) => {
    expect(() => defineMetrics({ metric })).toThrow(TypeError);
    expect(() => defineMetrics({ metric })).toThrow(message);
  });

  test("refuses a name used twice", () => {
    expect(() => defineMetrics({ a: gauge("open", "h"), b: gauge("open", "h") })).toThrow(/declared twice/);
  });
});
