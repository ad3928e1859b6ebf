/** Who subscribes to what, and what is published where. */
export interface Scenario {
  readonly name: ScenarioName;
  /** What it is, for people. */
  readonly title: string;
  /** Which channel a client subscribes to. */
  readonly channel: "shared" | "own";
  /** Where the nth message goes, with that many clients. */
  readonly channelOfMessage: (message: number, clients: number) => string;
  /** Which of its channel's messages the nth message is. */
  readonly sequenceOf: (message: number, clients: number) => number;
  /** How many deliveries so many messages are. */
  readonly deliveries: (messages: number, clients: number) => number;
}

export const SCENARIO_NAMES = ["fan-out", "own"] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export const SHARED_CHANNEL = "bench.all";
/** Each is this and the number of its client. */
export const OWN_CHANNELS = "bench.own";

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  "fan-out": {
    name: "fan-out",
    title: "one channel, everybody subscribed",
    channel: "shared",
    channelOfMessage: () => SHARED_CHANNEL,
    sequenceOf: (message) => message,
    deliveries: (messages, clients) => messages * clients,
  },
  own: {
    name: "own",
    title: "a channel of its own for each connection",
    channel: "own",
    channelOfMessage: (message, clients) => `${OWN_CHANNELS}.${message % clients}`,
    sequenceOf: (message, clients) => Math.floor(message / clients),
    deliveries: (messages) => messages,
  },
};
