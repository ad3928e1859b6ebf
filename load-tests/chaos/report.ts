import { isSound, quantile, quantileOfCounts, type Tally } from "./accounting/tally.ts";
import type { ScenarioResult } from "./run-chaos.ts";
import { longest, type Summary } from "./summary.ts";

type Row = readonly [title: string, cellOf: (summary: Summary) => string];

const ROWS: readonly Row[] = [
  ["rounds", ({ rounds }) => String(rounds)],
  ["subscribers", ({ clients }) => String(clients)],
  ["messages in the streams", ({ stored }) => String(stored)],
  ["  acknowledged, and not there", ({ storeLost }) => String(storeLost)],
  ["deliveries due", ({ tally }) => String(tally.expected)],
  ["lost", ({ tally }) => String(tally.lost)],
  ["twice", ({ tally }) => String(tally.twice)],
  ["out of order", ({ tally }) => String(tally.outOfOrder)],
  ["not in the stream, or not asked for", ({ tally }) => String(tally.phantom + tally.foreign)],
  ["resets", ({ tally }) => String(sum(tally.resets))],
  ["  missing, as the resets say", ({ tally }) => String(tally.excused)],
  ["connections lost", ({ tally }) => String(tally.connectionsLost)],
  ["  that took up where they were", ({ tally }) => String(tally.resumed)],
  ["subscriptions resumed from a ring", ({ resumes }) => String(resumes["ring"] ?? 0)],
  ["  from the stream", ({ resumes }) => String(resumes["stream"] ?? 0)],
  ["  with nothing to look for", ({ resumes }) => String(resumes["none"] ?? 0)],
  ["  reset or failed", ({ resumes }) => String((resumes["reset"] ?? 0) + (resumes["failed"] ?? 0))],
  ["loss noticed to served again, p50, ms", ({ tally }) => show(quantile(tally.awayMs, 0.5))],
  ["  p99, ms", ({ tally }) => show(quantile(tally.awayMs, 0.99))],
  ["connect to served, p50, ms", ({ tally }) => show(quantile(tally.resumeMs, 0.5))],
  ["  p99, ms", ({ tally }) => show(quantile(tally.resumeMs, 0.99))],
  ["publish to receipt, p50, ms", ({ tally }) => show(quantileOfCounts(tally.delayMs, 0.5))],
  ["  longest, ms", ({ tally }) => show(longest(tally.delayMs))],
  ["behind the broken link, p50, ms", ({ behindBreakMs }) => show(quantileOfCounts(behindBreakMs, 0.5))],
  ["  longest, ms", ({ behindBreakMs }) => show(longest(behindBreakMs))],
  ["  longest since it worked again, ms", ({ sinceRestoreMs }) => show(longest(sinceRestoreMs))],
  ["JetStream reads by channel and node", ({ readsPerChannelAndNode }) => show(readsPerChannelAndNode, 2)],
  [
    "  inquiries that channels share",
    ({ inquiriesPerChannelAndNode }) => show(inquiriesPerChannelAndNode, 2),
  ],
];

/** The result for people. `about` says on what machine and when. */
export function renderReport(summaries: readonly Summary[], about: string): string {
  const cells = [
    ["", ...summaries.map(({ scenario }) => scenario)],
    ["", ...summaries.map(({ variant }) => variant)],
    ...ROWS.map(([title, cellOf]) => [title, ...summaries.map(cellOf)]),
  ];
  const widths =
    cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  const lines = cells.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return `${[about, "", ...lines].join("\n")}\n`;
}

/** Where exactly the promise was broken; empty if it was kept. */
export function breaches(results: readonly ScenarioResult[]): readonly string[] {
  return results.flatMap(({ scenario, rounds }) =>
    rounds.flatMap(({ variant, storeLost, tallies }, index) => {
      const place = `${scenario}, ${variant}, round ${index + 1}`;
      const ofStore = `${place}: ${storeLost} acknowledged messages are not in the stream`;
      return [
        ...(storeLost === 0 ? [] : [ofStore]),
        ...tallies
          .filter(({ tally }) => !isSound(tally))
          .map(({ transport, node, tally }) => `${place}, ${transport} at n${node + 1}: ${describe(tally)}`),
      ];
    }),
  );
}

function describe(tally: Tally): string {
  const { lost, twice, outOfOrder, phantom, foreign, harmed, clients, lostPlaces } = tally;
  const figures = Object.entries({ lost, twice, "out of order": outOfOrder, phantom, foreign })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`);
  const places = lostPlaces.length === 0 ? "" : ` (${lostPlaces.join("; ")})`;
  return `${figures.join(", ")}, for ${harmed} of ${clients} clients${places}`;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function show(value: number, digits = 0): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "-";
}
