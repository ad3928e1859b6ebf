import { closeSync, openSync } from "node:fs";
import { PerformanceObserver, performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, test } from "vitest";
import { createMetrics } from "./create-metrics.ts";
import { gauge } from "./metric-declaration.ts";
import { lagSeconds, processMetrics } from "./process-metrics.ts";

describe("process metrics", () => {
  const { exposition, close } = createMetrics({}, { process: true });

  afterAll(() => close());

  async function valueOfSeries(name: string): Promise<number> {
    const line = (await exposition.text()).split("\n").find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.split(" ")[1]?.replace(/nan/i, "NaN"));
  }

  test("say what a process uses", async () => {
    expect(await valueOfSeries("process_cpu_user_seconds_total")).toBeGreaterThan(0);
    expect(await valueOfSeries("process_cpu_system_seconds_total")).toBeGreaterThanOrEqual(0);
    const resident = await valueOfSeries("process_resident_memory_bytes");
    expect(resident).toBeGreaterThan(await valueOfSeries("nodejs_heap_size_used_bytes"));
    expect(await valueOfSeries("nodejs_heap_size_total_bytes")).toBeGreaterThan(0);
    expect(await valueOfSeries("process_start_time_seconds")).toBeCloseTo(performance.timeOrigin / 1000, 0);
  });

  test.runIf(process.platform === "linux")("count open files", async () => {
    const before = await valueOfSeries("process_open_fds");
    const opened = Array.from({ length: 50 }, () => openSync(import.meta.filename, "r"));
    try {
      const after = await valueOfSeries("process_open_fds");
      expect(after - before).toBeGreaterThan(40);
      expect(await valueOfSeries("process_max_fds")).toBeGreaterThan(after);
    } finally {
      for (const file of opened) closeSync(file);
    }
  });

  test("show the event loop as seconds, from zero up", async () => {
    for (const figure of ["lag_p50_seconds", "lag_p99_seconds", "lag_max_seconds", "utilization_ratio"]) {
      const value = await valueOfSeries(`nodejs_eventloop_${figure}`);
      expect(value).toBeGreaterThanOrEqual(0);
    }
    expect(await valueOfSeries("nodejs_eventloop_utilization_ratio")).toBeLessThanOrEqual(1);
  });

  test("have a series for every kind of garbage collection", async () => {
    const text = await exposition.text();
    for (const kind of ["major", "minor", "incremental", "weakcb"]) {
      expect(text).toContain(`nodejs_gc_duration_seconds_count{kind="${kind}"}`);
    }
  });

  test("count garbage collections", async () => {
    const series = 'nodejs_gc_duration_seconds_count{kind="major"}';
    const before = await valueOfSeries(series);
    const seen = new Promise<void>((resolve) => {
      // Told after the observer of the metrics, which is the older one.
      new PerformanceObserver((_list, self) => {
        self.disconnect();
        resolve();
      }).observe({ entryTypes: ["gc"] });
    });
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    if (typeof collect !== "function") expect.unreachable();
    collect();
    await seen;
    expect(await valueOfSeries(series)).toBeGreaterThan(before);
  });

  test("show a blocked event loop once, and forget it with the scrape", async () => {
    const lag = () => valueOfSeries("nodejs_eventloop_lag_max_seconds");
    const cell = new Int32Array(new SharedArrayBuffer(4));
    let longest = 0;
    while (longest < 0.03) {
      // The probe measures from one of its ticks to the next, and a scrape makes it forget the last: it needs one before.
      await setTimeout(20);
      Atomics.wait(cell, 0, 0, 50);
      await setTimeout(1);
      longest = await lag();
    }
    while (longest >= 0.03) longest = await lag();
    expect(longest).toBeLessThan(0.03);
  });

  test("are all exported under the names of their table", async () => {
    const text = await exposition.text();
    for (const { name } of Object.values(processMetrics)) expect(text).toContain(`# TYPE ${name} `);
  });

  test("do not share a name with the caller's", () => {
    const table = { mine: gauge("process_open_fds", "Mine.") };
    expect(() => createMetrics(table, { process: true })).toThrow(TypeError);
    expect(() => createMetrics(table)).not.toThrow();
  });
});

describe("lagSeconds", () => {
  test.each([
    [0, 0],
    [9e6, 0],
    [10e6, 0],
    [60e6, 0.05],
  ])("takes the probe's own 10 ms off %i ns", (recorded, lag) => {
    expect(lagSeconds(recorded)).toBeCloseTo(lag, 9);
  });
});
