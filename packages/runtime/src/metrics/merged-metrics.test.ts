import { describe, expect, test } from "vitest";
import { createMetrics } from "./create-metrics.ts";
import { MergedMetrics } from "./merged-metrics.ts";
import { counter, defineMetrics, gauge, histogram } from "./metric-declaration.ts";

const TABLE = defineMetrics({
  done: counter("t_done_total", "Done.", ["kind"]),
  open: gauge("t_open", "Open."),
  worst: gauge("t_worst", "Worst.", [], "max"),
  linked: gauge("t_linked", "Linked.", [], "min"),
  memory: gauge("t_memory_bytes", "Memory.", [], "each"),
  took: histogram("t_took_seconds", "Took.", ["kind"], [1, 2]),
});

function processWith(amount: number) {
  const { metrics, exposition } = createMetrics(TABLE);
  metrics.done.child({ kind: "a" }).inc(amount);
  metrics.done.child({ kind: `of ${amount}` }).inc();
  for (const family of [metrics.open, metrics.worst, metrics.linked, metrics.memory])
    family.child().set(amount);
  metrics.took.child({ kind: "a" }).observe(amount);
  return exposition;
}

function seriesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

describe("the metrics of several processes", () => {
  test("are merged by the rule of each", async () => {
    const merged = new MergedMetrics();
    merged.update("0", await processWith(1).snapshot());
    merged.update("1", await processWith(3).snapshot());
    expect(seriesOf(await merged.text())).toStrictEqual([
      't_done_total{kind="a"} 4',
      't_done_total{kind="of 1"} 1',
      't_done_total{kind="of 3"} 1',
      "t_open 4",
      "t_worst 3",
      "t_linked 1",
      't_memory_bytes{process="0"} 1',
      't_memory_bytes{process="1"} 3',
      't_took_seconds_bucket{kind="a",le="1"} 1',
      't_took_seconds_bucket{kind="a",le="2"} 1',
      't_took_seconds_bucket{kind="a",le="+Inf"} 2',
      't_took_seconds_sum{kind="a"} 4',
      't_took_seconds_count{kind="a"} 2',
    ]);
  });

  test("are those of the process where there is one alone", async () => {
    const alone = processWith(2);
    const merged = new MergedMetrics();
    merged.update("0", await alone.snapshot());
    const sorted = (text: string) =>
      text
        .replace('{process="0"}', "")
        .replaceAll(/\{([^}]*)\}/g, (_, labels: string) => `{${labels.split(",").sort().join(",")}}`);
    expect(sorted(await merged.text())).toBe(sorted(await alone.text()));
  });

  test("keep what a process had counted, and lose its gauges, when it ends", async () => {
    const merged = new MergedMetrics();
    for (const round of [1, 2]) {
      merged.update("0", await processWith(1).snapshot());
      expect(seriesOf(await merged.text())).toContain(`t_done_total{kind="a"} ${round}`);
      merged.forget("0");
      const left = seriesOf(await merged.text());
      expect(left).toContain(`t_done_total{kind="a"} ${round}`);
      expect(left).toContain(`t_took_seconds_count{kind="a"} ${round}`);
      expect(left.some((line) => line.startsWith("t_open"))).toBe(false);
    }
    merged.forget("never seen");
  });

  test("carry what is no number, as it is", async () => {
    const { metrics, exposition } = createMetrics({ files: gauge("t_files", "Files.") });
    metrics.files.child().set(Number.NaN);
    const merged = new MergedMetrics();
    merged.update("0", await exposition.snapshot());
    expect(seriesOf(await merged.text())).toStrictEqual(["t_files Nan"]);
  });
});
