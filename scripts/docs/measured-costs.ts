import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Measurement, Metric } from "../../load-tests/bench/measurement.ts";
import type { LoadRecord } from "../../load-tests/record/record.ts";
import type { SoakOptions } from "../../load-tests/soak/soak-arguments.ts";
import type { SoakResult } from "../../load-tests/soak/soak-result.ts";

const RESULTS = join(import.meta.dirname, "../../load-tests/results");
const KIB = 1024;
const MIB = 2 ** 20;

/** The parts of a recorded bench that are read here. */
interface BenchDetails {
  readonly options: { readonly few: number; readonly fewRate: number; readonly payloadBytes: number };
  readonly summaries: readonly {
    readonly scenario: string;
    /** `null`: not measured. */
    readonly servers: Readonly<Record<string, Readonly<Record<keyof Measurement, number | null>>>>;
  }[];
}

interface SoakDetails {
  readonly options: SoakOptions;
  readonly result: SoakResult;
}

/** What one of each costs a gateway process, from the recorded runs. CPU in microseconds, memory in KiB and MiB. */
export interface MeasuredCosts {
  /** Of a core, by a process that has clients and nothing to do. */
  readonly idleCores: number;
  /** A message in a process, besides its deliveries, where few come and everything has left the caches. */
  readonly quietMessage: number;
  /** A message together with the only delivery that it leads to, where a core is full of them. */
  readonly busyPair: number;
  readonly delivery: number;
  readonly streamDelivery: number;
  readonly connect: number;
  /** One of the first, whose code is being compiled. */
  readonly coldConnect: number;
  readonly processMib: number;
  /** After minutes of traffic. */
  readonly connectionKib: number;
  /** How much more an event stream takes, with the garbage collected. */
  readonly streamKib: number;
  /** The same for a connection with a channel that nobody else has. */
  readonly ownChannelKib: number;
  /** Of bare uWebSockets.js. */
  readonly bare: { readonly delivery: number; readonly connect: number };
  readonly quietRate: number;
  readonly payloadBytes: number;
}

/** @throws TypeError if a record lacks a figure. */
export function readCosts(): MeasuredCosts {
  const { options, summaries } = readRecord("bench").details as BenchDetails;
  const figure = (scenario: string, server: string, metric: Metric): number => {
    const value = summaries.find((one) => one.scenario === scenario)?.servers[server]?.[metric];
    if (typeof value !== "number") {
      throw new TypeError(`load-tests/results/bench.json lacks ${metric} of ${server} in ${scenario}`);
    }
    return value;
  };
  const delivery = figure("turns", "tidegate", "fewDeliveryMicros");
  // Each on its own channel: one message for each delivery, and the core as full as it gets.
  const busyPair =
    (figure("own", "tidegate", "mostServerShare") * 1_000_000) / figure("own", "tidegate", "mostDeliveries");
  // Two more nodes for the same clients: what they add is what it costs to take each message twice more.
  const added = figure("turns", "three-nodes", "fewDeliveryMicros") - delivery;
  const { result, options: soak } = readSoak();
  const collected = figure("fan-out", "tidegate", "collectedKib");
  return {
    idleCores: figure("fan-out", "tidegate", "idleCpuPercent") / 100,
    quietMessage: (added * options.few) / 2,
    busyPair,
    delivery,
    streamDelivery: figure("sse", "tidegate", "fewDeliveryMicros"),
    connect: figure("turns", "tidegate", "connectMicros"),
    coldConnect: figure("fan-out", "tidegate", "coldConnectMicros"),
    processMib: result.emptyBytes / MIB / soak.processes,
    connectionKib: (result.fullBytes - result.emptyBytes) / KIB / soak.connections,
    streamKib: figure("sse", "tidegate", "collectedKib") - collected,
    ownChannelKib: figure("own", "tidegate", "collectedKib") - collected,
    bare: {
      delivery: figure("turns", "bare", "fewDeliveryMicros"),
      connect: figure("turns", "bare", "connectMicros"),
    },
    quietRate: options.fewRate,
    payloadBytes: options.payloadBytes,
  };
}

export function readSoak(): SoakDetails {
  return readRecord("soak").details as SoakDetails;
}

/** A figure of the bench that has a goal, by its title. @throws TypeError if it was not measured. */
export function readVerdict(title: string): number {
  const measured = readRecord("bench").verdicts.find((verdict) => verdict.title === title)?.measured;
  if (typeof measured !== "number") throw new TypeError(`load-tests/results/bench.json lacks ${title}`);
  return measured;
}

function readRecord(name: string): LoadRecord {
  return JSON.parse(readFileSync(join(RESULTS, `${name}.json`), "utf8")) as LoadRecord;
}
