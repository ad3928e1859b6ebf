import type { Environment } from "@tidegate/runtime";
import type { ClientsManner } from "./clients/bench-clients.ts";
import { SERVER_NAMES, type ServerName } from "./server-name.ts";

/** Who subscribes to what, and what is published where. */
export interface Scenario extends ClientsManner {
  readonly name: ScenarioName;
  /** What it is, for people. */
  readonly title: string;
  /** Which servers can take part. */
  readonly servers: readonly ServerName[];
  /** Whether only the native clients can do what it takes. */
  readonly native: boolean;
  /** What it sets otherwise in a gateway. */
  readonly settings: Environment;
  /** Which channel a client subscribes to. */
  readonly channel: "shared" | "own";
  /** Where the nth message goes, with that many clients. */
  readonly channelOfMessage: (message: number, clients: number) => string;
  /** Which of its channel's messages the nth message is. */
  readonly sequenceOf: (message: number, clients: number) => number;
  /** How many deliveries so many messages are. */
  readonly deliveries: (messages: number, clients: number) => number;
}

export const SCENARIO_NAMES = ["fan-out", "turns", "most", "own", "sse", "stall"] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export const SHARED_CHANNEL = "bench.all";
/** Each is this and the number of its client. */
export const OWN_CHANNELS = "bench.own";

/** How clients come in is of no account once they are in. */
const ALL = SERVER_NAMES.filter((name) => name !== "by-address");

const SHARED = {
  native: false,
  settings: {},
  channel: "shared",
  transport: "ws",
  resuming: false,
  channelOfMessage: () => SHARED_CHANNEL,
  sequenceOf: (message: number) => message,
  deliveries: (messages: number, clients: number) => messages * clients,
} as const;

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  "fan-out": {
    ...SHARED,
    name: "fan-out",
    title: "one channel, everybody subscribed",
    servers: ALL,
  },
  turns: {
    ...SHARED,
    name: "turns",
    title: "one channel, servers that run side by side and take turns",
    servers: ["bare", "native", "tidegate", "by-address", "replayable", "three-nodes"],
  },
  most: {
    ...SHARED,
    name: "most",
    title: "one channel, as much as goes, servers that run side by side and take turns",
    servers: ["bare", "tidegate"],
    native: true,
  },
  own: {
    ...SHARED,
    name: "own",
    title: "a channel of its own for each connection",
    servers: ALL,
    channel: "own",
    channelOfMessage: (message, clients) => `${OWN_CHANNELS}.${message % clients}`,
    sequenceOf: (message, clients) => Math.floor(message / clients),
    deliveries: (messages) => messages,
  },
  sse: {
    ...SHARED,
    name: "sse",
    title: "one channel, everybody on an event stream",
    servers: ["bare", "tidegate", "replayable", "three-nodes"],
    native: true,
    transport: "sse",
  },
  stall: {
    ...SHARED,
    name: "stall",
    title: "one channel, and every tenth stops reading",
    servers: ["tidegate", "replayable"],
    native: true,
    resuming: true,
    // Small enough that those who stall are over both within the phase.
    settings: { TIDEGATE_LIMITS_OUTBOX_BYTES: "128KiB", TIDEGATE_LIMITS_LAGGING_MS: "2s" },
  },
};
