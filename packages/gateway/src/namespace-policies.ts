import type { Identity } from "@tidegate/auth";
import type { HistoryPolicy } from "@tidegate/broker";
import { type GrantAction, GrantSet, namespaceOf } from "@tidegate/protocol";

/** Where clients' messages go: straight to subscribers, to backends, or nowhere. */
export type PublishLane = "direct" | "backend" | "none";

/**
 * Of several messages of a live channel that go out together, which do: all (`none`), the latest alone, or the latest with each key that
 * backends give.
 */
export type Conflation = "none" | "latest" | "key";

/** How the messages of a channel reach its subscribers. */
export interface DeliveryPolicy {
  readonly replayable: boolean;
  /** How long messages may wait for others to go out with; 0: no longer than a turn of the event loop. */
  readonly flushIntervalMs: number;
  readonly conflate: Conflation;
}

/** The policy of one namespace. */
export interface NamespacePolicy {
  readonly publish: PublishLane;
  /** `undefined`: its channels are live, nothing is kept. */
  readonly history: HistoryPolicy | undefined;
  readonly flushIntervalMs: number;
  /** `none` where there is history. */
  readonly conflate: Conflation;
  /** Whether it is announced which of its channels have subscribers. */
  readonly events: boolean;
  /** What every authenticated user may do here, besides what the token grants. */
  readonly grants: GrantSet;
  /** What clients without a token may do here. */
  readonly anonymous: GrantSet;
}

/** Who a connection acts for; `undefined` is an anonymous client. */
export type Principal = Identity | undefined;

/** Second token of the channels by which nodes see that a namespace's stream still reaches them. */
const TICK_TOKEN = "_tick";

/** Whether a well-formed channel or pattern is for nodes alone. */
export function isInternalChannel(channel: string): boolean {
  const second = channel.indexOf(".") + 1;
  const end = second + TICK_TOKEN.length;
  return (
    second > 0 &&
    channel.startsWith(TICK_TOKEN, second) &&
    (channel.length === end || channel.charCodeAt(end) === DOT)
  );
}

const DOT = 0x2e;

const UNCONFIGURED: DeliveryPolicy = { replayable: false, flushIntervalMs: 0, conflate: "none" };

/** The namespaces of this node. A channel outside them does not exist for clients, whatever a token says. */
export class NamespacePolicies {
  readonly #policies: ReadonlyMap<string, NamespacePolicy>;
  /** Whether a client without a token could do anything at all here. */
  readonly admitsAnonymous: boolean;
  /** Whether it is announced of any channel that it has subscribers. */
  readonly announcesAny: boolean;

  constructor(policies: ReadonlyMap<string, NamespacePolicy>) {
    this.#policies = policies;
    this.admitsAnonymous = [...policies.values()].some(({ anonymous }) => anonymous !== GrantSet.none);
    this.announcesAny = [...policies.values()].some(({ events }) => events);
  }

  /** Whether `principal` may do `action` on a well-formed channel or pattern. */
  allows(principal: Principal, action: Exclude<GrantAction, "request">, channel: string): boolean {
    // A wildcard in the first token selects no namespace, hence no policy, hence nothing.
    const policy = this.#policies.get(namespaceOf(channel));
    if (policy === undefined || isInternalChannel(channel)) {
      return false;
    }
    if (principal === undefined) {
      return policy.anonymous.allows(action, channel, undefined);
    }
    return (
      principal.grants.allows(action, channel, principal.user) ||
      policy.grants.allows(action, channel, principal.user)
    );
  }

  /** Whether a well-formed channel or pattern lies in a namespace with history. */
  isReplayable(channel: string): boolean {
    return this.#policies.get(namespaceOf(channel))?.history !== undefined;
  }

  /** Of a well-formed channel or pattern. */
  deliveryOf(channel: string): DeliveryPolicy {
    const policy = this.#policies.get(namespaceOf(channel));
    return policy === undefined
      ? UNCONFIGURED
      : {
          replayable: policy.history !== undefined,
          flushIntervalMs: policy.flushIntervalMs,
          conflate: policy.conflate,
        };
  }

  /** Whether it is announced of a well-formed channel that it has subscribers. */
  announces(channel: string): boolean {
    return this.#policies.get(namespaceOf(channel))?.events ?? false;
  }

  laneOf(channel: string): PublishLane {
    return this.#policies.get(namespaceOf(channel))?.publish ?? "none";
  }
}
