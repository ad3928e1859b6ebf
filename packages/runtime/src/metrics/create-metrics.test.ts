import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { createMetrics } from "./create-metrics.ts";
import { describeMetrics } from "./describe-metrics.ts";
import { counter, defineMetrics, gauge, histogram } from "./metric-declaration.ts";
import type { CounterFamily, GaugeFamily, HistogramFamily, MetricsOf } from "./metric-family.ts";
import { MAX_SERIES } from "./series-store.ts";

const table = defineMetrics({
  sent: counter("t_sent_total", "Messages sent.", ["format"]),
  errors: counter("t_errors_total", "Errors."),
  open: gauge("t_open", "Open connections.", ["transport", "state"]),
  level: gauge("t_level", "A level."),
  latency: histogram("t_latency_seconds", "How long.", ["route"], [0.1, 1]),
  size: histogram("t_size_bytes", "How large.", [], [10]),
});

async function linesOf(exposition: { text(): Promise<string> }, name: string): Promise<string[]> {
  const text = await exposition.text();
  return text.split("\n").filter((line) => line.startsWith(name));
}

describe("createMetrics", () => {
  test("types each handle by its declaration", () => {
    type Handles = MetricsOf<typeof table>;
    expectTypeOf<Handles["sent"]>().toEqualTypeOf<CounterFamily<"format">>();
    expectTypeOf<Handles["errors"]>().toEqualTypeOf<CounterFamily>();
    expectTypeOf<Handles["open"]>().toEqualTypeOf<GaugeFamily<"transport" | "state">>();
    expectTypeOf<Handles["latency"]>().toEqualTypeOf<HistogramFamily<"route">>();
    expectTypeOf<Parameters<Handles["errors"]["child"]>>().toEqualTypeOf<[]>();
    expectTypeOf<Parameters<Handles["sent"]["child"]>>().toEqualTypeOf<
      [labels: Readonly<Record<"format", string>>]
    >();
    const { metrics } = createMetrics(table);
    // @ts-expect-error the label is called format
    metrics.sent.child({ codec: "json" });
  });

  test("shows metrics without labels from the start, and others from their first series", async () => {
    const { metrics, exposition } = createMetrics(table);
    metrics.sent.child({ format: "json" });
    expect(await linesOf(exposition, "t_errors_total")).toEqual(["t_errors_total 0"]);
    expect(await linesOf(exposition, "t_level")).toEqual(["t_level 0"]);
    expect(await linesOf(exposition, "t_sent_total")).toEqual(['t_sent_total{format="json"} 0']);
    expect(await linesOf(exposition, "t_size_bytes_count")).toEqual(["t_size_bytes_count 0"]);
  });

  test("gives the same series for the same labels, in any order", () => {
    const { metrics } = createMetrics(table);
    const child = metrics.open.child({ transport: "ws", state: "up" });
    expect(metrics.open.child({ state: "up", transport: "ws" })).toBe(child);
    expect(metrics.open.child({ transport: "up", state: "ws" })).not.toBe(child);
  });

  test("counts up, and only up", async () => {
    const { metrics, exposition } = createMetrics(table);
    const sent = metrics.sent.child({ format: "json" });
    sent.inc();
    sent.inc(2.5);
    for (const wrong of [-1, 0, Number.NaN]) sent.inc(wrong);
    expect(await linesOf(exposition, "t_sent_total")).toEqual(['t_sent_total{format="json"} 3.5']);
    expect(await linesOf(exposition, "t_sent_total")).toEqual(['t_sent_total{format="json"} 3.5']);
  });

  test("moves gauges both ways", async () => {
    const { metrics, exposition } = createMetrics(table);
    const open = metrics.open.child({ transport: "ws", state: "up" });
    open.set(10);
    open.inc();
    open.dec(4);
    expect(await linesOf(exposition, "t_open")).toEqual(['t_open{transport="ws",state="up"} 7']);
  });

  test("puts observations into cumulative buckets", async () => {
    const { metrics, exposition } = createMetrics(table);
    const latency = metrics.latency.child({ route: "a" });
    for (const seconds of [0.05, 0.1, 0.5, 2, Number.NaN]) latency.observe(seconds);
    expect(await linesOf(exposition, "t_latency_seconds")).toEqual([
      't_latency_seconds_bucket{le="0.1",route="a"} 2',
      't_latency_seconds_bucket{le="1",route="a"} 3',
      't_latency_seconds_bucket{le="+Inf",route="a"} 4',
      't_latency_seconds_sum{route="a"} 2.65',
      't_latency_seconds_count{route="a"} 4',
    ]);
  });

  test("counts every observation in the bucket it belongs to", async () => {
    const bounds = [1, 5, 25];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -2, max: 30 })), async (values) => {
        const { metrics, exposition } = createMetrics({ h: histogram("h_seconds", "h", [], bounds) });
        for (const value of values) metrics.h.child().observe(value);
        const counts = [...bounds, Number.POSITIVE_INFINITY].map(
          (bound) => values.filter((value) => value <= bound).length,
        );
        const shown = (await linesOf(exposition, "h_seconds_bucket")).map((line) =>
          Number(line.split(" ")[1]),
        );
        expect(shown).toEqual(counts);
      }),
      { numRuns: 50 },
    );
  });

  test("reads numbers that someone else keeps, at every scrape", async () => {
    const { metrics, exposition } = createMetrics(table);
    let total = 1;
    metrics.errors.fromFunction(() => total);
    metrics.sent.fromFunction(() => total * 2, { format: "json" });
    metrics.sent.child({ format: "raw" }).inc(5);
    expect(await linesOf(exposition, "t_errors_total")).toEqual(["t_errors_total 1"]);
    total = 7;
    expect(await linesOf(exposition, "t_errors_total")).toEqual(["t_errors_total 7"]);
    expect(await linesOf(exposition, "t_sent_total")).toEqual([
      't_sent_total{format="json"} 14',
      't_sent_total{format="raw"} 5',
    ]);
  });

  test("shows a number that cannot be read as NaN, and the others as they are", async () => {
    const { metrics, exposition } = createMetrics(table);
    metrics.level.fromFunction(() => {
      throw new Error("broken");
    });
    metrics.errors.fromFunction(() => -1);
    metrics.sent.child({ format: "json" }).inc();
    expect(await linesOf(exposition, "t_level")).toEqual([expect.stringMatching(/^t_level nan$/i)]);
    expect(await linesOf(exposition, "t_errors_total")).toEqual([expect.stringMatching(/nan$/i)]);
    expect(await linesOf(exposition, "t_sent_total")).toEqual(['t_sent_total{format="json"} 1']);
  });

  test("refuses two sources for one series", () => {
    const { metrics } = createMetrics(table);
    metrics.errors.fromFunction(() => 1);
    expect(() => metrics.errors.fromFunction(() => 2)).toThrow(TypeError);
    expect(() => metrics.errors.child()).toThrow(TypeError);
    metrics.sent.child({ format: "json" });
    expect(() => metrics.sent.fromFunction(() => 1, { format: "json" })).toThrow(TypeError);
  });

  test("bounds the number of series by sharing one for the rest", async () => {
    const { metrics, exposition } = createMetrics(table);
    for (let index = 0; index < MAX_SERIES + 5; index += 1) metrics.sent.child({ format: `f${index}` }).inc();
    const lines = await linesOf(exposition, "t_sent_total");
    expect(lines).toHaveLength(MAX_SERIES + 1);
    expect(lines.at(-1)).toBe('t_sent_total{format="other"} 5');
    metrics.sent.child({ format: "f0" }).inc();
    expect((await linesOf(exposition, "t_sent_total"))[0]).toBe('t_sent_total{format="f0"} 2');
  });

  test("escapes label values", async () => {
    const { metrics, exposition } = createMetrics(table);
    metrics.sent.child({ format: 'a"b\\c\nd' }).inc();
    expect(await linesOf(exposition, "t_sent_total")).toEqual(['t_sent_total{format="a\\"b\\\\c\\nd"} 1']);
  });

  test("refuses tables that were joined and share a name", () => {
    const mine = { again: gauge("t_open", "Mine.") };
    expect(() => createMetrics({ ...table, ...mine })).toThrow(/declared twice/);
  });

  test("gives handles of a joined table that fit whoever declared a part of it", () => {
    const { metrics } = createMetrics({ ...table, ...defineMetrics({ more: gauge("t_more", "More.") }) });
    expectTypeOf(metrics).toExtend<MetricsOf<typeof table>>();
  });

  test("keeps each creation to itself", async () => {
    const [first, second] = [createMetrics(table), createMetrics(table)];
    first.metrics.errors.child().inc();
    expect(await linesOf(second.exposition, "t_errors_total")).toEqual(["t_errors_total 0"]);
  });

  test("writes help and type, and says which format it is", async () => {
    const { exposition } = createMetrics(table);
    expect(exposition.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await exposition.text();
    expect(text).toContain("# HELP t_open Open connections.\n# TYPE t_open gauge\n");
    expect(text).toContain("# TYPE t_latency_seconds histogram\n");
    expect(text).toContain("# TYPE t_errors_total counter\n");
  });

  test("answers scrapes that overlap with one text", async () => {
    const { exposition } = createMetrics(table);
    const [first, second] = [exposition.text(), exposition.text()];
    expect(second).toBe(first);
    await first;
    expect(exposition.text()).not.toBe(first);
  });
});

describe("describeMetrics", () => {
  test("lists the table", () => {
    const some = defineMetrics({
      a: counter("a_total", "First|one.", ["x", "y"]),
      b: histogram("b_seconds", "Second."),
    });
    expect(describeMetrics(some)).toBe(
      [
        "| Metric | Type | Labels | Processes | Meaning |",
        "| --- | --- | --- | --- | --- |",
        "| `a_total` | counter | `x`, `y` | sum | First\\|one. |",
        "| `b_seconds` | histogram | – | sum | Second. |",
        "",
      ].join("\n"),
    );
  });
});
