import { BrokerError } from "@tidegate/broker";
import { type ErrorMessage, patternProblem, type Subscribed } from "@tidegate/protocol";
import { errorAnswer, type Session } from "./session.ts";

/**
 * Subscribes to one channel or pattern. Answers once the broker delivers it; the seat is taken in the same turn, so
 * the answer goes out before the first message. `undefined`: the connection ended meanwhile.
 */
export async function subscribe(
  session: Session,
  channel: string,
  id: number | undefined,
): Promise<Subscribed | ErrorMessage | undefined> {
  const refusal = refuse(session, channel, id);
  if (refusal !== undefined) {
    return refusal;
  }
  const { context, subscriptions } = session;
  const subscription = subscriptions.add(context.hub, session, channel, session.format);
  let failure: unknown;
  try {
    await subscription.ready;
  } catch (error) {
    failure = error;
  }
  if (session.isClosed) {
    return undefined;
  }
  // Asked first: giving up the last holder of a channel is a failure, too, but none of NATS.
  if (subscription.isEnded) {
    return errorAnswer(id, "not_subscribed", `${channel} was unsubscribed before it stood`, { channel });
  }
  if (failure !== undefined) {
    subscriptions.removeOne(subscription);
    return brokerRefusal(failure, id, channel);
  }
  subscription.activate();
  return { type: "subscribed", id, channel };
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

function brokerRefusal(error: unknown, id: number | undefined, channel: string): ErrorMessage {
  if (error instanceof BrokerError && error.code === "denied") {
    return errorAnswer(id, "forbidden", `NATS permissions of this node do not allow ${channel}`, { channel });
  }
  return unavailable(id, channel);
}

function unavailable(id: number | undefined, channel: string): ErrorMessage {
  return errorAnswer(id, "broker_unavailable", "the node cannot reach NATS now", { channel });
}
