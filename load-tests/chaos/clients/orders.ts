import type { ChannelTruth } from "../accounting/channel-truth.ts";
import type { Tally, TransportName } from "../accounting/tally.ts";
import type { Moment } from "../accounting/timeline.ts";
import type { ClientPlan } from "./subscriber.ts";

/** What the run tells a client process to do. Each is answered when it is done. */
export type Order =
  /** Makes clients and connects them, a few at a time. Done when all are served. */
  | { readonly type: "open"; readonly clients: readonly ClientPlan[]; readonly ports: readonly number[] }
  /** Everybody drops the connection. */
  | { readonly type: "leave" }
  /** Everybody connects again within that time. Done when all are served. */
  | { readonly type: "join"; readonly spreadMs: number; readonly limitMs: number }
  /** Begins a round: what came and happened before is forgotten. */
  | { readonly type: "begin" }
  /** Done when everybody is served. */
  | { readonly type: "serve"; readonly limitMs: number }
  /** What happened when since the round began. */
  | { readonly type: "timeline" }
  /** How many are at each node. */
  | { readonly type: "whereabouts" }
  /** Waits until everybody has everything, then accounts for it. */
  | {
      readonly type: "settle";
      readonly truths: readonly RoundTruth[];
      readonly limitMs: number;
    };

/** A channel's truth in a round, and the first number that was given out in it. */
export interface RoundTruth extends ChannelTruth {
  readonly firstNumber: number;
}

/** Figures of the clients of one transport that are connected to one node. */
export interface TallyOf {
  readonly transport: TransportName;
  /** Index of the node's port. */
  readonly node: number;
  readonly tally: Tally;
}

export type Answer =
  | { readonly type: "done" }
  /** Served clients by index of the port. */
  | { readonly type: "whereabouts"; readonly served: readonly number[] }
  | { readonly type: "timeline"; readonly moments: readonly Moment[] }
  | { readonly type: "settled"; readonly tallies: readonly TallyOf[] }
  | { readonly type: "failed"; readonly message: string };

export interface NumberedOrder {
  readonly id: number;
  readonly order: Order;
}

export interface NumberedAnswer {
  readonly id: number;
  readonly answer: Answer;
}
