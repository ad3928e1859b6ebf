import type { Moment } from "../chaos/accounting/timeline.ts";
import type { TallyOf } from "../chaos/clients/orders.ts";
import type { PublishReport } from "../chaos/steady-publisher.ts";
import type { ActName } from "./act-name.ts";

/** When the parts of an act began and ended, in microseconds of `nowMicros`. */
export interface ActTimes {
  readonly beganMicros: number;
  /** The first thing was done to the cluster. */
  readonly brokeMicros: number;
  /** The cluster was whole, and every client served. */
  readonly healedMicros: number;
  readonly endedMicros: number;
}

/** One node that left in order. */
export interface Departure {
  readonly node: string;
  /** Clients with lasting connections, which had to find another node. */
  readonly connections: number;
  /** Within which it was to say goodbye to them. */
  readonly windowSeconds: number;
  readonly fromMicros: number;
  /** Its process had ended. */
  readonly untilMicros: number;
}

/** What an act tells of itself. */
export interface ActOutcome {
  readonly departures: readonly Departure[];
  /** What only this act measures. */
  readonly measured: Readonly<Record<string, number>>;
}

/** What one act gave. */
export interface ActResult extends ActOutcome {
  readonly act: ActName;
  readonly times: ActTimes;
  readonly tallies: readonly TallyOf[];
  readonly publish: PublishReport;
  /** Messages that the streams hold of this act. */
  readonly stored: number;
  /** Messages that the streams acknowledged and do not hold. */
  readonly storeLost: number;
  /** What happened to the clients second by second. */
  readonly moments: readonly Moment[];
}

/** Of an act in which no node leaves in order and nothing else is measured. */
export const NOTHING_MEASURED: ActOutcome = { departures: [], measured: {} };
