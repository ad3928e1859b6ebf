import { textTable } from "../bench/text-table.ts";
import type { Chart } from "../record/record.ts";
import { renderVerdicts, type Verdict, verdictOn } from "../record/verdict.ts";
import { memoryGrowthPercent } from "./memory-growth.ts";
import type { SoakOptions } from "./soak-arguments.ts";
import { lostIn, type SoakPhase, type SoakResult } from "./soak-result.ts";

const NONE = { bound: "at most", value: 0 } as const;
/** What allocators and garbage collectors do by themselves. */
const STEADY = { bound: "at most", value: 2 } as const;
/** More than this used by others, in cores, and times are partly theirs. */
const DISTURBED_CORES = 0.2;
const MIB = 2 ** 20;

export function verdictsOf({ connections }: SoakOptions, result: SoakResult): readonly Verdict[] {
  const { soak, samples, kill } = result;
  const growth = memoryGrowthPercent(samples.map(({ residentBytes }) => residentBytes));
  return [
    verdictOn(`${connections} connections: those that did not stay`, soak.ended, NONE),
    verdictOn("messages lost in the soak", lostIn(soak), NONE),
    verdictOn("messages repeated or out of order, and resets", soak.repeated + soak.resets, NONE),
    verdictOn("growth of memory after the warm-up, %", growth, STEADY),
    ...(kill === undefined
      ? []
      : [
          verdictOn(
            `kill -9 of ${kill.killed} of ${kill.processes} processes: seconds until all were back`,
            kill.backSeconds,
            undefined,
          ),
          verdictOn("after the kill: messages lost", lostIn(kill.phase), NONE),
          verdictOn(
            "after the kill: messages repeated, and resets",
            kill.phase.repeated + kill.phase.resets,
            NONE,
          ),
        ]),
  ];
}

/** What a reader has to know before believing a figure. */
export function remarksOn({ soak, kill }: SoakResult): readonly string[] {
  const others = Math.max(soak.otherCores, kill?.phase.otherCores ?? 0);
  return others > DISTURBED_CORES
    ? [`Other programs used up to ${others.toFixed(2)} cores meanwhile: times are partly theirs.`]
    : [];
}

export function chartsOf({ samples, kill }: SoakResult): readonly Chart[] {
  const points = samples.map(({ seconds, residentBytes }) => [seconds / 60, residentBytes / MIB] as const);
  const open = kill?.samples.map(({ seconds, connections }) => [seconds, connections] as const);
  return [
    {
      ...{ kind: "lines", title: "Resident memory of all gateway processes in the soak", unit: "MiB" },
      ...{ xUnit: "minutes", lines: [{ name: "resident memory", points }] },
    },
    ...(open === undefined
      ? []
      : [
          {
            ...{ kind: "lines" as const, title: "Connections after kill -9 of half of the processes" },
            ...{ unit: "connections", xUnit: "seconds", lines: [{ name: "open", points: open }] },
          },
        ]),
  ];
}

/** The result for people. `about` says on what machine and when. */
export function renderReport(options: SoakOptions, result: SoakResult, about: string): string {
  const { connections, processes, clientProcesses, channels, everySeconds } = options;
  const { openedSeconds, emptyBytes, fullBytes, soak, kill } = result;
  const lines = [
    about,
    `${connections} connections to ${processes} gateway processes on one port, from ${clientProcesses} client processes`,
    `${channels} replayable channels with a message every ${everySeconds} s; each connection with a token and a subscription of its own`,
    `opened in ${openedSeconds.toFixed(0)} s; resident memory of the gateway ${mib(emptyBytes)} empty, ${mib(fullBytes)} full: ${((fullBytes - emptyBytes) / 1024 / connections).toFixed(2)} KiB a connection`,
    "",
    ...textTable([
      ["", "soak", ...(kill === undefined ? [] : ["kill"])],
      ...ROWS.map(([title, cell]) => [title, cell(soak), ...(kill === undefined ? [] : [cell(kill.phase)])]),
    ]),
    "",
    ...renderVerdicts(verdictsOf(options, result)),
    ...remarksOn(result).flatMap((remark) => ["", remark]),
  ];
  return `${lines.join("\n")}\n`;
}

const ROWS: readonly (readonly [title: string, cell: (phase: SoakPhase) => string])[] = [
  ["seconds", ({ seconds }) => seconds.toFixed(0)],
  ["deliveries", ({ received }) => String(received)],
  ["deliveries expected", ({ expected }) => String(expected)],
  ["connections that ended", ({ ended }) => String(ended)],
  ["numbers jumped over", ({ skipped }) => String(skipped)],
  ["publish to receipt, p50, ms", ({ p50Ms }) => p50Ms.toFixed(1)],
  ["publish to receipt, p99, ms", ({ p99Ms }) => p99Ms.toFixed(1)],
  ["cores used by the gateway", ({ gatewayCores }) => gatewayCores.toFixed(2)],
  ["cores used by clients and publisher", ({ clientCores }) => clientCores.toFixed(2)],
  ["cores used by NATS", ({ natsCores }) => natsCores.toFixed(2)],
  ["cores used by other programs", ({ otherCores }) => otherCores.toFixed(2)],
];

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MiB`;
}
