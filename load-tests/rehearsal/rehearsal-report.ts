import { textTable } from "../bench/text-table.ts";
import { addTallies, quantile, type Tally } from "../chaos/accounting/tally.ts";
import type { Chart } from "../record/record.ts";
import { renderVerdicts, type Verdict, verdictOn } from "../record/verdict.ts";
import type { ActName } from "./act-name.ts";
import type { ActResult } from "./act-result.ts";
import { ACTS } from "./acts/acts.ts";
import { delaysIn, PHASES, type PhaseDelays, p99Ratio } from "./phase.ts";
import { pacedPerSecond, reconnectsPerSecond, worstPace } from "./reconnect-rate.ts";

const NONE = { bound: "at most", value: 0 } as const;
const TWICE = { bound: "at most", value: 2 } as const;

/**
 * What operators do on purpose, which nobody may notice who is served: who has to go to another node waits as long as it is told, and is
 * a row of its own. Whatever breaks is noticed while it is broken, by those it is broken for: what
 * is asked of those acts is that nothing is lost, and that all is as before when they are over.
 */
const PLANNED: readonly ActName[] = ["rolling-restart", "scale"];

/** What takes nothing away that a connection needs. */
const UNHARMED: readonly ActName[] = ["clock-jump"];

export function verdictsOf(results: readonly ActResult[]): readonly Verdict[] {
  return results.flatMap((result) => {
    const { act, departures, storeLost } = result;
    const tally = tallyOf(result);
    const isPlanned = PLANNED.includes(act);
    return [
      verdictOn(`${act}: messages lost`, tally.lost + storeLost, NONE),
      verdictOn(`${act}: messages that came twice`, tally.twice, NONE),
      verdictOn(`${act}: out of order`, tally.outOfOrder, NONE),
      verdictOn(`${act}: never stored, or not asked for`, tally.phantom + tally.foreign, NONE),
      verdictOn(`${act}: resets`, resetsIn(tally), undefined),
      verdictOn(`${act}: connections lost`, tally.connectionsLost, UNHARMED.includes(act) ? NONE : undefined),
      ...(departures.length === 0
        ? []
        : [verdictOn(`${act}: most reconnects a second / paced rate`, worstPace(departures, result), TWICE)]),
      verdictOn(`${act}: p99 meanwhile / before`, p99Ratio("during", result), isPlanned ? TWICE : undefined),
      verdictOn(`${act}: p99 after / before`, p99Ratio("after", result), TWICE),
    ];
  });
}

export function remarksOn(results: readonly ActResult[]): readonly string[] {
  return results.flatMap(({ act }) => ACTS[act].remark ?? []);
}

export function chartsOf(results: readonly ActResult[]): readonly Chart[] {
  const bars = results.flatMap((result) =>
    PHASES.map((phase) => [`${result.act} ${phase}`, delaysIn(phase, result).p99Ms] as const),
  );
  return [
    ...results.map(
      (result): Chart => ({
        kind: "lines",
        title: `Clients that came back: ${result.act}`,
        unit: "reconnects a second",
        xUnit: "seconds",
        lines: [
          { name: "reconnects", points: reconnectsPerSecond(result) },
          ...(result.departures.length === 0
            ? []
            : [{ name: "paced rate", points: pacedPerSecond(result.departures, result) }]),
        ],
      }),
    ),
    {
      kind: "bars",
      title: "Publish to receipt, p99",
      unit: "ms",
      bars: bars.filter(([, value]) => Number.isFinite(value)),
    },
  ];
}

/** The result for people. `about` says on what machine and when. */
export function renderReport(results: readonly ActResult[], about: string): string {
  const lines = [
    about,
    "",
    ...textTable([
      ["", ...results.map(({ act }) => act)],
      ...ROWS.map(([title, cell]) => [title, ...results.map((result) => cell(result, tallyOf(result)))]),
    ]),
    "",
    ...renderVerdicts(verdictsOf(results)),
    ...remarksOn(results).flatMap((remark) => ["", remark]),
    ...[...endings(results), ...places(results)].flatMap((line) => ["", line]),
  ];
  return `${lines.join("\n")}\n`;
}

type Row = readonly [title: string, cell: (result: ActResult, tally: Tally) => string];

const ROWS: readonly Row[] = [
  [
    "seconds from the first disturbance to the last served",
    ({ times }) => seconds(times.brokeMicros, times.healedMicros),
  ],
  ["subscribers", (_, { clients }) => String(clients)],
  ["messages in the streams", ({ stored }) => String(stored)],
  ["  sent again, as nobody acknowledged them", ({ publish }) => String(publish.retried)],
  ["  given up", ({ publish }) => String(publish.unconfirmed)],
  ["  acknowledged, and not there", ({ storeLost }) => String(storeLost)],
  ["deliveries due", (_, { expected }) => String(expected)],
  ["lost", (_, { lost }) => String(lost)],
  ["twice", (_, { twice }) => String(twice)],
  ["out of order", (_, { outOfOrder }) => String(outOfOrder)],
  ["resets", (_, tally) => String(resetsIn(tally))],
  ["  missing, as the resets say", (_, { excused }) => String(excused)],
  ["connections lost", (_, { connectionsLost }) => String(connectionsLost)],
  ["  that took up where they were", (_, { resumed }) => String(resumed)],
  ["loss noticed to served again, p50, ms", (_, { awayMs }) => show(quantile(awayMs, 0.5))],
  ["  p99, ms", (_, { awayMs }) => show(quantile(awayMs, 0.99))],
  ["most reconnects in a second", (result) => show(mostReconnects(result))],
  ...PHASES.flatMap((phase): readonly Row[] => [
    [`publish to receipt ${phase}, p50, ms`, (result) => show(delaysIn(phase, result).p50Ms)],
    ["  p99, ms", (result) => show(delaysIn(phase, result).p99Ms)],
    ["  longest, ms", (result) => show(delaysIn(phase, result).longestMs)],
  ]),
  ["missed by clients that were away, and brought later", (result) => String(caughtUp(result).deliveries)],
  ["  p99, ms", (result) => show(caughtUp(result).p99Ms)],
  ["  longest, ms", (result) => show(caughtUp(result).longestMs)],
];

function caughtUp(result: ActResult): PhaseDelays {
  return delaysIn("during", result, "returning");
}

function mostReconnects(result: ActResult): number {
  return Math.max(...reconnectsPerSecond(result).map(([, returned]) => returned));
}

function tallyOf({ tallies }: ActResult): Tally {
  return addTallies(tallies.map(({ tally }) => tally));
}

function resetsIn({ resets }: Tally): number {
  return Object.values(resets).reduce((sum, count) => sum + count, 0);
}

/** Why connections ended and attempts failed, by transport and what the client was then. */
function endings(results: readonly ActResult[]): readonly string[] {
  return results.flatMap((result) => {
    const counts = Object.entries(tallyOf(result).endings).toSorted(([, left], [, right]) => right - left);
    return counts.length === 0
      ? []
      : [`${result.act} ended ${counts.map(([what, count]) => `${what} (${count})`).join("; ")}`];
  });
}

/** Where messages were lost: the first few of each act. */
function places(results: readonly ActResult[]): readonly string[] {
  return results.flatMap((result) => {
    const { lostPlaces } = tallyOf(result);
    return lostPlaces.length === 0 ? [] : [`${result.act} lost ${lostPlaces.join("; ")}`];
  });
}

function seconds(fromMicros: number, untilMicros: number): string {
  return ((untilMicros - fromMicros) / 1e6).toFixed(1);
}

function show(value: number): string {
  return Number.isFinite(value) ? value.toFixed(0) : "-";
}
