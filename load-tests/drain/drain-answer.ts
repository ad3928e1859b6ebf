/** All connections that were asked for are ready. Shares are parts of a core since then. */
export interface OpenedAnswer {
  readonly type: "opened";
  /** Ready now, those of before included. */
  readonly connections: number;
  readonly seconds: number;
  readonly cpuShare: number;
  readonly waitShare: number;
}

/** What was counted since the last `begin`. Durations are in microseconds, -1 where nothing was received. */
export interface DrainReport {
  readonly type: "report";
  readonly connections: number;
  /** Connections that ended though nobody here wanted that, since the last were opened. */
  readonly closed: number;
  /** Why the first of them did; empty if none. */
  readonly reason: string;
  readonly seconds: number;
  /** Share of a core that the program used. */
  readonly cpuShare: number;
  /** Share of the time in which it could have run, and another program had its core. */
  readonly waitShare: number;
  readonly frames: number;
  /** As read from the sockets, heads of frames included. */
  readonly bytes: number;
  /** Messages with a stamp, each counted once for each connection. */
  readonly received: number;
  /** Numbers that were jumped over, connection by connection and channel by channel. */
  readonly skipped: number;
  /** Messages that came again, or behind a later one. */
  readonly repeated: number;
  /** Messages of before the last `begin`. */
  readonly stale: number;
  /** Frames and lines without a stamp. */
  readonly other: number;
  /** Of these, resets, and notes that messages of live channels were missed. */
  readonly resets: number;
  readonly missed: number;
  /** How often a connection was opened again, in vain or not. */
  readonly reopened: number;
  /** When the last of all connections became ready, by the clock of `nowMicros`; 0 if none ever did. */
  readonly readyAtMicros: number;
  /** From the first publish to the last receipt. */
  readonly spanMicros: number;
  readonly meanMicros: number;
  readonly p50Micros: number;
  readonly p90Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
  readonly maxMicros: number;
}

/** What the program says, a line each. */
export type DrainAnswer =
  | OpenedAnswer
  | DrainReport
  | { readonly type: "planned"; readonly clients: number }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "begun" }
  | { readonly type: "keeping" }
  | { readonly type: "napping" }
  | { readonly type: "stalled"; readonly connections: number }
  | { readonly type: "closed"; readonly connections: number }
  | { readonly type: "refused"; readonly command: string };

const FIELDS: Readonly<Record<DrainAnswer["type"], readonly string[]>> = {
  opened: ["connections", "seconds", "cpuShare", "waitShare"],
  report: [
    "connections",
    "closed",
    "reason",
    "seconds",
    "cpuShare",
    "waitShare",
    "frames",
    "bytes",
    "received",
    "skipped",
    "repeated",
    "stale",
    "other",
    "resets",
    "missed",
    "reopened",
    "readyAtMicros",
    "spanMicros",
    "meanMicros",
    "p50Micros",
    "p90Micros",
    "p99Micros",
    "p999Micros",
    "maxMicros",
  ],
  planned: ["clients"],
  failed: ["reason"],
  begun: [],
  keeping: [],
  napping: [],
  stalled: ["connections"],
  closed: ["connections"],
  refused: ["command"],
};
/** All others are numbers. */
const TEXTS: ReadonlySet<string> = new Set(["reason", "command"]);

/** A line of the program; `undefined` if it is none of those above. */
export function parseDrainAnswer(line: string): DrainAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const { type } = fields;
  if (typeof type !== "string" || !Object.hasOwn(FIELDS, type)) {
    return undefined;
  }
  const isWhole = FIELDS[type as DrainAnswer["type"]].every(
    (name) => typeof fields[name] === (TEXTS.has(name) ? "string" : "number"),
  );
  return isWhole ? (value as DrainAnswer) : undefined;
}
