import { describe, expect, test } from "vitest";
import { byLabel, countsSince, parseCounts } from "./node-metrics.ts";

const PAGE = `# HELP tidegate_joins_total Joins.
# TYPE tidegate_joins_total counter
tidegate_joins_total{source="ring",transport="sse"} 3
tidegate_joins_total{source="ring",transport="websocket"} 4
tidegate_joins_total{source="stream",transport="sse"} 1
tidegate_messages_in_total 12
tidegate_connections{transport="sse"} 9
process_cpu_user_seconds_total 1.5e+2
`;

describe("node metrics", () => {
  test("are read as counters, gauges left out", () => {
    const counts = parseCounts(PAGE);
    expect(counts.get("tidegate_messages_in_total")).toBe(12);
    expect(counts.get("process_cpu_user_seconds_total")).toBe(150);
    expect(counts.has('tidegate_connections{transport="sse"}')).toBe(false);
  });

  test("are compared, new counters included", () => {
    const before = parseCounts('a_total 1\nb_total{x="y"} 2\n');
    const after = parseCounts('a_total 1\nb_total{x="y"} 5\nc_total 1\n');
    expect([...countsSince(before, after)]).toEqual([
      ['b_total{x="y"}', 3],
      ["c_total", 1],
    ]);
  });

  test("are summed by a label", () => {
    const counts = parseCounts(PAGE);
    expect(byLabel(counts, "tidegate_joins_total", "source")).toEqual({ ring: 7, stream: 1 });
    expect(byLabel(counts, "tidegate_joins_total", "transport")).toEqual({ sse: 4, websocket: 4 });
    expect(byLabel(counts, "tidegate_messages_in_total", "source")).toEqual({});
  });
});
