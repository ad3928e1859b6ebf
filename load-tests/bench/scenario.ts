/** Who subscribes to what, and what is published where. */
export interface Scenario {
  readonly name: ScenarioName;
  /** What it is, for people. */
  readonly title: string;
  /** The channel of a client. */
  readonly channelOf: (client: number) => string;
  /** Where the nth message goes, with that many clients. */
  readonly channelOfMessage: (message: number, clients: number) => string;
  /** Which of its channel's messages the nth message is. */
  readonly sequenceOf: (message: number, clients: number) => number;
  /** How many of `messages` a client gets. */
  readonly expectedBy: (client: number, clients: number, messages: number) => number;
}

export const SCENARIO_NAMES = ["shared", "own"] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export const SHARED_CHANNEL = "bench.all";
/** Each is this and the number of its client. */
export const OWN_CHANNELS = "bench.own";

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  shared: {
    name: "shared",
    title: "one channel, everybody subscribed",
    channelOf: () => SHARED_CHANNEL,
    channelOfMessage: () => SHARED_CHANNEL,
    sequenceOf: (message) => message,
    expectedBy: (_client, _clients, messages) => messages,
  },
  own: {
    name: "own",
    title: "a channel of its own for each connection",
    channelOf: (client) => `${OWN_CHANNELS}.${client}`,
    channelOfMessage: (message, clients) => `${OWN_CHANNELS}.${message % clients}`,
    sequenceOf: (message, clients) => Math.floor(message / clients),
    expectedBy: (client, clients, messages) =>
      Math.floor(messages / clients) + (client < messages % clients ? 1 : 0),
  },
};
