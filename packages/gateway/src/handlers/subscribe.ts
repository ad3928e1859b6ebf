import type { BrokerError, JoinFrom } from "@tidegate/broker";
import {
  decodeCursor,
  type ErrorMessage,
  encodePosition,
  isPattern,
  patternProblem,
  type Subscribe,
} from "@tidegate/protocol";
import type { Subscription } from "../connection/subscriptions.ts";
import type { Seated } from "../fan-out/channel-entry.ts";
import { errorAnswer, type Session } from "./session.ts";

export const NOW: JoinFrom = { kind: "now" };

/** Why there is no subscription; `undefined`: what there is to say was said already, or the connection ended. */
type MaybeLater = ErrorMessage | undefined | Promise<ErrorMessage | undefined>;

/** Handles a `subscribe` of the client. */
export function subscribeAsked(session: Session, message: Subscribe): MaybeLater {
  const { id, channel, since, replay } = message;
  const refusal = refuse(session, channel, id);
  if (refusal !== undefined) {
    return refusal;
  }
  if (since === undefined && replay === undefined) {
    return join(session, channel, id, NOW);
  }
  const { policies } = session.context;
  if (since !== undefined && replay !== undefined) {
    return errorAnswer(id, "invalid_field", 'give "since" or "replay", not both', { channel });
  }
  if (!policies.isReplayable(channel)) {
    return errorAnswer(id, "not_replayable", "this namespace keeps no history", { channel });
  }
  if (since !== undefined) {
    const cursor = decodeCursor(since);
    return cursor === undefined
      ? errorAnswer(id, "cursor_invalid", '"since" is no cursor', { channel })
      : join(session, channel, id, { kind: "since", cursor });
  }
  if (isPattern(channel)) {
    return errorAnswer(id, "invalid_field", '"replay" is for one channel, not for a pattern', { channel });
  }
  if (!policies.allows(session.principal, "history", channel)) {
    return errorAnswer(id, "forbidden", `no grant allows history on ${channel}`, { channel });
  }
  return join(session, channel, id, { kind: "last", count: replay ?? 0 });
}

/** Subscribes to a channel of the address or of `connect`. At once, if others on this node have the channel already. */
export function subscribe(
  session: Session,
  channel: string,
  id: number | undefined,
  from: JoinFrom,
): MaybeLater {
  return refuse(session, channel, id) ?? join(session, channel, id, from);
}

/** The error code for a channel that the broker cannot give, or gives no longer. */
export function lossCode(error: BrokerError): "forbidden" | "history_unavailable" | "broker_unavailable" {
  switch (error.code) {
    case "denied":
      return "forbidden";
    case "stream_missing":
    case "stream_unfit":
      return "history_unavailable";
    default:
      return "broker_unavailable";
  }
}

function join(session: Session, channel: string, id: number | undefined, from: JoinFrom): MaybeLater {
  const { context, subscriptions } = session;
  const subscription = subscriptions.add(context.hub, session, channel, session.format);
  if (from.kind !== "now") {
    const { replays } = session;
    return new Promise((resolve, reject) => {
      replays.enter(() =>
        subscription.join(from, (outcome) => {
          settleInto(resolve, reject, () => settled(session, subscription, id, from, outcome));
          replays.leave();
        }),
      );
    });
  }
  let isOver = false;
  let answer: ErrorMessage | undefined;
  let later: PromiseWithResolvers<ErrorMessage | undefined> | undefined;
  subscription.join(from, (outcome) => {
    if (later === undefined) {
      isOver = true;
      answer = settled(session, subscription, id, from, outcome);
    } else {
      const { resolve, reject } = later;
      settleInto(resolve, reject, () => settled(session, subscription, id, from, outcome));
    }
  });
  if (isOver) {
    return answer;
  }
  later = Promise.withResolvers();
  return later.promise;
}

/** For what is called by the broker, where nothing may throw. */
function settleInto<Value>(
  resolve: (value: Value) => void,
  reject: (error: unknown) => void,
  run: () => Value,
): void {
  try {
    resolve(run());
  } catch (error) {
    reject(error);
  }
}

/**
 * What is said here goes out at once, in the turn in which the seat is taken: before its first message, and with no room for
 * another between what is replayed and what follows.
 */
function settled(
  session: Session,
  subscription: Subscription,
  id: number | undefined,
  from: JoinFrom,
  outcome: Seated | { readonly kind: "ended" },
): ErrorMessage | undefined {
  const channel = subscription.name;
  switch (outcome.kind) {
    case "joined": {
      const cursor = outcome.begin === undefined ? undefined : encodePosition(outcome.begin);
      const resumed = from.kind === "since" ? true : undefined;
      session.notify({ type: "subscribed", id, channel, cursor, resumed });
      if (outcome.frames.length > 0) {
        session.replay(subscription, outcome.frames, outcome.begin);
      }
      return undefined;
    }
    case "reset": {
      const cursor = encodePosition(outcome.position);
      session.notify({ type: "subscribed", id, channel, cursor, resumed: false });
      session.reset(subscription, outcome.reason, outcome.position);
      return undefined;
    }
    case "failed":
      session.subscriptions.removeOne(subscription);
      return session.isClosed ? undefined : brokerRefusal(outcome.error, id, channel);
    case "ended":
      return session.isClosed
        ? undefined
        : errorAnswer(id, "not_subscribed", `${channel} was unsubscribed before it stood`, { channel });
  }
}

function refuse(session: Session, channel: string, id: number | undefined): ErrorMessage | undefined {
  const problem = patternProblem(channel);
  if (problem !== undefined) {
    return errorAnswer(id, "channel_invalid", `the channel ${problem}`, { channel });
  }
  const { context, subscriptions } = session;
  if (!context.policies.allows(session.principal, "subscribe", channel)) {
    return errorAnswer(id, "forbidden", `no grant allows subscribe on ${channel}`, { channel });
  }
  if (subscriptions.has(channel)) {
    return errorAnswer(id, "already_subscribed", `${channel} is subscribed already`, { channel });
  }
  // A channel that others hold here would be ready at once, and `subscribed` would promise what cannot be kept.
  if (context.broker.state !== "connected") {
    return unavailable(id, channel);
  }
  const limit = context.limits.subscriptionsPerConnection;
  if (subscriptions.size >= limit) {
    return errorAnswer(id, "subscription_limit", `at most ${limit} subscriptions a connection`, { channel });
  }
  return undefined;
}

function brokerRefusal(error: BrokerError, id: number | undefined, channel: string): ErrorMessage {
  switch (lossCode(error)) {
    case "forbidden":
      return errorAnswer(id, "forbidden", `NATS permissions of this node do not allow ${channel}`, {
        channel,
      });
    case "history_unavailable":
      return errorAnswer(id, "history_unavailable", "the store of this namespace is not usable now", {
        channel,
      });
    case "broker_unavailable":
      return unavailable(id, channel);
  }
}

function unavailable(id: number | undefined, channel: string): ErrorMessage {
  return errorAnswer(id, "broker_unavailable", "the node cannot reach NATS now", { channel });
}
