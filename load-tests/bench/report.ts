import { type Measurement, type Metric, SATURATED_SHARE } from "./measurement.ts";
import type { BenchResult } from "./run-bench.ts";
import { SCENARIOS } from "./scenario.ts";
import type { ScenarioSummary } from "./summary.ts";

interface Row {
  readonly metric: Metric;
  readonly title: string;
  readonly digits: number;
  /** What the last columns show. */
  readonly compare: "ratio" | "difference" | "nothing";
  /** The most that the comparison should be. */
  readonly goal: number | undefined;
}

function row(metric: Metric, title: string, digits: number, compare: Row["compare"], goal?: number): Row {
  return { metric, title, digits, compare, goal };
}

const ROWS: readonly Row[] = [
  row("coldConnectMicros", "CPU of a connection, cold server, µs", 0, "ratio"),
  row("connectMicros", "CPU of a connection, µs", 0, "ratio", 2.6),
  row("connectsPerSecond", "connections a second", 0, "ratio"),
  row("connectServerShare", "  used by the server meanwhile, cores", 2, "nothing"),
  row("connectClientShare", "  used by the clients meanwhile, cores", 2, "nothing"),
  row("stormLagP99Ms", "event-loop lag in the storm, p99, ms", 1, "difference"),
  row("stormLagMaxMs", "event-loop lag in the storm, longest, ms", 1, "difference"),
  row("residentKib", "resident memory of a connection, KiB", 2, "difference"),
  row("collectedKib", "  garbage collected, KiB", 2, "difference", 4),
  row("heapKib", "  of that in the JavaScript heap, KiB", 2, "difference"),
  row("idleLagP50Ms", "event-loop lag when idle, p50, ms", 2, "difference"),
  row("idleLagMaxMs", "event-loop lag when idle, longest, ms", 1, "difference"),
  row("idleCpuPercent", "CPU when idle, percent of a core", 2, "difference"),
  row("deliveriesPerSecond", "deliveries a second", 0, "nothing"),
  row("lost", "  lost", 0, "nothing"),
  row("repeated", "  repeated", 0, "nothing"),
  row("p50Ms", "publish to receipt, p50, ms", 2, "ratio"),
  row("p99Ms", "publish to receipt, p99, ms", 2, "ratio"),
  row("deliveryMicros", "CPU of a delivery, µs", 2, "ratio", 1.1),
  row("deliveryClientShare", "  used by the clients meanwhile, cores", 2, "nothing"),
];

const HEADINGS = ["", "bare", "gateway", "compared", "goal"] as const;

/** The result for people. `about` says on what machine and when. */
export function renderReport(
  result: BenchResult,
  summaries: readonly ScenarioSummary[],
  about: string,
): string {
  const { options, cpus } = result;
  const lines = [
    about,
    `nats-server ${result.natsVersion}; ${options.connections} connections besides ${options.warmUp} for the warm-up; medians of ${options.rounds}`,
    cpus.kind === "pinned"
      ? `server on core ${cpus.server}, clients and NATS on ${cpus.clients}`
      : `not pinned to cores: ${cpus.reason}`,
  ];
  for (const summary of summaries) {
    lines.push("", SCENARIOS[summary.scenario].title, ...table(ROWS.map((line) => cells(line, summary))));
  }
  return `${[...lines, ...warnings(summaries).map((warning) => `\n${warning}`)].join("\n")}\n`;
}

/** What a reader has to know before believing a figure. */
export function warnings(summaries: readonly ScenarioSummary[]): readonly string[] {
  return summaries.flatMap((summary) =>
    (["bare", "gateway"] as const).flatMap((server) =>
      doubts(summary[server]).map((doubt) => `${summary.scenario}, ${server}: ${doubt}`),
    ),
  );
}

function doubts(measurement: Measurement): readonly string[] {
  const { connectClientShare, connectServerShare, deliveryClientShare, lost, repeated } = measurement;
  const found: string[] = [];
  if (connectClientShare >= SATURATED_SHARE) {
    found.push("the clients were the bottleneck of the storm, so its rate says nothing of the server.");
  } else if (connectServerShare < SATURATED_SHARE) {
    found.push("neither side was busy in the storm; other programs had the cores, and the rate is theirs.");
  }
  if (deliveryClientShare >= SATURATED_SHARE) {
    found.push("the clients were the bottleneck of the deliveries, so latencies are theirs.");
  }
  if (lost > 0 || repeated > 0) {
    found.push("messages were lost or repeated.");
  }
  return found;
}

function cells({ metric, title, digits, compare, goal }: Row, summary: ScenarioSummary): readonly string[] {
  const compared = compare === "nothing" ? undefined : summary[compare][metric];
  const sign = compare === "ratio" ? "× " : (compared ?? 0) < 0 ? "" : "+ ";
  return [
    title,
    show(summary.bare[metric], digits),
    show(summary.gateway[metric], digits),
    compared === undefined || !Number.isFinite(compared) ? "" : `${sign}${show(compared, 2)}`,
    goal === undefined ? "" : `≤ ${goal} ${(compared ?? Number.NaN) <= goal ? "met" : "missed"}`,
  ];
}

function show(value: number, digits: number): string {
  return Number.isNaN(value) ? "-" : value.toFixed(digits);
}

/** First column to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const all = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}
