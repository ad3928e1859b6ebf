import type { Finding } from "./audit.ts";

/** How a client is connected. `short-poll` asks again and again, without waiting on the node. */
export const TRANSPORTS = ["websocket", "sse", "poll", "short-poll"] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** What became of the messages and connections of many clients in one round. Adds up. */
export interface Tally extends Omit<Finding, "lostSequences"> {
  /** What was lost, as channel and sequences in its stream: the first few. */
  readonly lostPlaces: readonly string[];
  readonly clients: number;
  /** Clients that lack a message without excuse, have one twice, out of order, or that is not in the stream. */
  readonly harmed: number;
  /** Messages of channels that the client did not subscribe to. */
  readonly foreign: number;
  /** Connections that ended before the client closed them. */
  readonly connectionsLost: number;
  /** Connections that took up where one before had ended: the node said that nothing is missing. */
  readonly resumed: number;
  /** Resets by reason. */
  readonly resets: Readonly<Record<string, number>>;
  /** Why connections and attempts ended, as the client saw it. */
  readonly endings: Readonly<Record<string, number>>;
  /** From the loss of a connection to being served again, in milliseconds. One each. */
  readonly awayMs: readonly number[];
  /** From the first packet of the attempt that succeeded to being served again, in milliseconds. One each. */
  readonly resumeMs: readonly number[];
  /** From publish to receipt, in milliseconds, counted by the whole millisecond below. */
  readonly delayMs: Readonly<Record<string, number>>;
}

export const EMPTY_TALLY: Tally = {
  clients: 0,
  harmed: 0,
  expected: 0,
  received: 0,
  lost: 0,
  excused: 0,
  twice: 0,
  outOfOrder: 0,
  phantom: 0,
  lostPlaces: [],
  foreign: 0,
  connectionsLost: 0,
  resumed: 0,
  resets: {},
  endings: {},
  awayMs: [],
  resumeMs: [],
  delayMs: {},
};

const SHOWN_PLACES = 10;

export function addTallies(tallies: readonly Tally[]): Tally {
  const sum = (key: NumberKey): number => tallies.reduce((total, tally) => total + tally[key], 0);
  return {
    clients: sum("clients"),
    harmed: sum("harmed"),
    expected: sum("expected"),
    received: sum("received"),
    lost: sum("lost"),
    excused: sum("excused"),
    twice: sum("twice"),
    outOfOrder: sum("outOfOrder"),
    phantom: sum("phantom"),
    lostPlaces: tallies.flatMap(({ lostPlaces }) => lostPlaces).slice(0, SHOWN_PLACES),
    foreign: sum("foreign"),
    connectionsLost: sum("connectionsLost"),
    resumed: sum("resumed"),
    resets: addCounts(tallies.map(({ resets }) => resets)),
    endings: addCounts(tallies.map(({ endings }) => endings)),
    awayMs: tallies.flatMap(({ awayMs }) => awayMs),
    resumeMs: tallies.flatMap(({ resumeMs }) => resumeMs),
    delayMs: addCounts(tallies.map(({ delayMs }) => delayMs)),
  };
}

type NumberKey = {
  [Key in keyof Tally]: Tally[Key] extends number ? Key : never;
}[keyof Tally];

export function addCounts(
  counts: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const one of counts) {
    for (const [key, count] of Object.entries(one)) {
      sum[key] = (sum[key] ?? 0) + count;
    }
  }
  return sum;
}

/** Whether the promise was kept: everything once, in order, or a reset that says so. */
export function isSound(tally: Tally): boolean {
  return tally.lost + tally.twice + tally.outOfOrder + tally.phantom + tally.foreign === 0;
}

/** The smallest of `values` that `share` (0 to 1) of them do not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** The same of values that are counted: by value, how many. */
export function quantileOfCounts(counts: Readonly<Record<string, number>>, share: number): number {
  const entries = Object.entries(counts)
    .map(([value, count]) => [Number(value), count] as const)
    .sort(([left], [right]) => left - right);
  const wanted = Math.max(1, Math.ceil(entries.reduce((sum, [, count]) => sum + count, 0) * share));
  let seen = 0;
  for (const [value, count] of entries) {
    seen += count;
    if (seen >= wanted) {
      return value;
    }
  }
  return Number.NaN;
}
