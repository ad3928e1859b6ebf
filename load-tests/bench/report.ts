import { renderVerdicts } from "../record/verdict.ts";
import { CONTENDERS } from "./contenders.ts";
import { judge, SUBJECT } from "./goals.ts";
import { type Metric, SATURATED_SHARE } from "./measurement.ts";
import type { BenchResult } from "./run-bench.ts";
import { SCENARIOS } from "./scenario.ts";
import { BASELINE, type ServerName } from "./server-name.ts";
import type { ScenarioSummary } from "./summary.ts";
import { textTable } from "./text-table.ts";

interface Row {
  readonly metric: Metric;
  readonly title: string;
  readonly digits: number;
  /** How a cell compares with the baseline. */
  readonly compare: "ratio" | "difference" | "nothing";
}

function row(metric: Metric, title: string, digits: number, compare: Row["compare"] = "nothing"): Row {
  return { metric, title, digits, compare };
}

const ROWS: readonly Row[] = [
  row("mostDeliveries", "most deliveries a second, 99.9 % delivered", 0, "ratio"),
  row("mostServerShare", "  used by the server meanwhile, cores", 2),
  row("mostClientShare", "  used by clients and NATS, of theirs", 2),
  row("mostBatched", "the same, messages joined in frames", 0, "ratio"),
  row("mostBatchedServerShare", "  used by the server meanwhile, cores", 2),
  row("mostBatchedClientShare", "  used by clients and NATS, of theirs", 2),
  row("fewDeliveryMicros", "CPU of a delivery to few, µs", 2, "ratio"),
  row("manyDeliveryMicros", "CPU of a delivery to many, µs", 2, "ratio"),
  row("p50Ms", "publish to receipt, p50, ms", 2, "ratio"),
  row("p99Ms", "publish to receipt, p99, ms", 2, "ratio"),
  row("p999Ms", "publish to receipt, p99.9, ms", 2, "ratio"),
  row("latencyServerShare", "  used by the server meanwhile, cores", 2),
  row("latencyClientShare", "  used by clients and NATS, of theirs", 2),
  row("coldConnectMicros", "CPU of a connection, cold server, µs", 0, "ratio"),
  row("connectMicros", "CPU of a connection, µs", 0, "ratio"),
  row("connectsPerSecond", "connections a second", 0, "ratio"),
  row("connectServerShare", "  used by the server meanwhile, cores", 2),
  row("connectClientShare", "  used by clients and NATS, of theirs", 2),
  row("stormLagP99Ms", "event-loop lag in the storm, p99, ms", 1, "difference"),
  row("stormLagMaxMs", "event-loop lag in the storm, longest, ms", 1, "difference"),
  row("residentKib", "resident memory of a connection, KiB", 2, "difference"),
  row("collectedKib", "  garbage collected, KiB", 2, "difference"),
  row("heapKib", "  of that in the JavaScript heap, KiB", 2, "difference"),
  row("idleCpuPercent", "CPU when idle, percent of a core", 2, "difference"),
  row("calmP99Ms", "publish to receipt, p99, all read, ms", 2),
  row("stalledP99Ms", "  the same of those who read while every tenth does not, ms", 2),
  row("healthyLost", "  lost by them meanwhile", 0),
  row("stalledLost", "lost by those who did not read", 0),
  row("stalledResets", "  resets that they got", 0),
  row("stalledBackMs", "  until they had everything, ms", 0),
  row("lost", "lost at low rates", 0),
  row("repeated", "repeated at low rates", 0),
];

/** The result for people. `remarks` say what else has to be known, `about` on what machine and when. */
export function renderReport(
  result: BenchResult,
  summaries: readonly ScenarioSummary[],
  remarks: readonly string[],
  about: string,
): string {
  const { options, cpus, clients } = result;
  const { connections, warmUp, few, many, fewRate, manyRate, latencyRate, ownRate, payloadBytes } = options;
  const lines = [
    about,
    `nats-server ${result.natsVersion}; payload ${payloadBytes} bytes; ${clients.title}`,
    `few: ${fewRate}/s to ${few}; many: ${manyRate}/s to ${many}; latencies: ${latencyRate}/s to ${few}; a channel each: ${ownRate}/s to ${many}`,
    `connections: ${connections} after ${warmUp} for the warm-up`,
    cpus.kind === "pinned"
      ? `server on core ${cpus.server}, clients and NATS on ${cpus.clients}`
      : `not pinned to cores: ${cpus.reason}`,
  ];
  for (const summary of summaries) {
    const { title } = SCENARIOS[summary.scenario];
    lines.push("", `${title} (medians of up to ${summary.rounds})`, ...figures(summary));
  }
  lines.push(...goals(summaries));
  const servers = new Set(summaries.flatMap((summary) => summary.servers));
  lines.push("", ...[...servers].map((server) => `${server}: ${CONTENDERS[server].title}`));
  return `${[...lines, ...remarks.map((remark) => `\n${remark}`)].join("\n")}\n`;
}

function figures(summary: ScenarioSummary): readonly string[] {
  const rows = ROWS.filter(({ metric }) =>
    summary.servers.some((server) => !Number.isNaN(summary.figure({ server, metric }))),
  );
  return textTable([
    ["", ...summary.servers],
    ...rows.map((one) => [one.title, ...summary.servers.map((server) => cell(one, server, summary))]),
  ]);
}

function cell({ metric, digits, compare }: Row, server: ServerName, summary: ScenarioSummary): string {
  const value = summary.figure({ server, metric });
  if (Number.isNaN(value)) {
    return "-";
  }
  const shown = value.toFixed(digits);
  if (compare === "nothing" || server === BASELINE) {
    return shown;
  }
  const compared = summary[compare]({ server, metric }, { server: BASELINE, metric });
  return Number.isFinite(compared) ? `${shown} (${comparison(compare, compared)})` : shown;
}

function comparison(compare: "ratio" | "difference", value: number): string {
  return compare === "ratio" ? `×${value.toFixed(2)}` : `${value < 0 ? "" : "+"}${value.toFixed(2)}`;
}

function goals(summaries: readonly ScenarioSummary[]): readonly string[] {
  const measured = summaries.flatMap(judge).filter(({ verdict }) => verdict !== "not measured");
  return measured.length === 0 ? [] : ["", ...renderVerdicts(measured)];
}

/** What a reader has to know before believing a figure. */
export function warnings(summaries: readonly ScenarioSummary[]): readonly string[] {
  return summaries.flatMap((summary) =>
    summary.servers.flatMap((server) =>
      doubts(server, summary).map((doubt) => `${summary.scenario}, ${server}: ${doubt}`),
    ),
  );
}

function doubts(server: ServerName, summary: ScenarioSummary): readonly string[] {
  const figure = summary.figures(server);
  const found: string[] = [];
  if (figure.connectClientShare >= SATURATED_SHARE) {
    found.push("the clients were the bottleneck of the storm, so its rate says nothing of the server.");
  }
  for (const [most, serverShare, clientShare, what] of [
    [figure.mostDeliveries, figure.mostServerShare, figure.mostClientShare, "most deliveries"],
    [
      figure.mostBatched,
      figure.mostBatchedServerShare,
      figure.mostBatchedClientShare,
      "most joined deliveries",
    ],
  ] as const) {
    if (!Number.isNaN(most) && clientShare >= SATURATED_SHARE && serverShare < SATURATED_SHARE) {
      found.push(`clients and NATS were the bottleneck of the ${what}: the server can do more.`);
    }
  }
  if (server === SUBJECT && figure.stalledLost === 0) {
    found.push(
      "who did not read missed nothing of a live channel, so no limit was reached: give more --seconds.",
    );
  }
  if (figure.latencyClientShare >= SATURATED_SHARE) {
    found.push("clients and NATS had no time left, so latencies are partly theirs.");
  }
  if (Number.isNaN(figure.p99Ms) && !Number.isNaN(figure.latencyServerShare)) {
    found.push("it did not keep up with the rate at which latencies are taken.");
  }
  if (figure.lost > 0 || figure.healthyLost > 0 || figure.repeated > 0) {
    found.push("messages were lost, late or repeated at a low rate.");
  }
  return found;
}
