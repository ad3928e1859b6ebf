import type { StoreOutcome } from "@tidegate/broker";
import { channelProblem, type ErrorMessage, encodePosition, type Ok, type Publish } from "@tidegate/protocol";
import type { PublishLane } from "../namespace-policies.ts";
import { clientPayload, type FrameSource } from "./client-payload.ts";
import { scopedKey } from "./scoped-key.ts";
import { type Caller, errorAnswer } from "./session.ts";
import { beginPublish } from "./upstream-span.ts";

type PublishAnswer = Ok | ErrorMessage;

/** Answers at once, or when the store has answered where the message goes straight to a replayable channel. */
export function publish(
  session: Caller,
  message: Publish,
  frame: FrameSource,
): PublishAnswer | Promise<PublishAnswer> {
  const startedAt = performance.now();
  const outcome = attempt(session, message, frame);
  if (!(outcome instanceof Promise)) {
    count(session, outcome);
    if (outcome.type === "ok") {
      session.context.instruments.publishSeconds.observe((performance.now() - startedAt) / 1000);
    }
    return outcome;
  }
  return outcome.then((answer) => {
    count(session, answer);
    if (answer.type === "ok") {
      session.context.instruments.storeSeconds.observe((performance.now() - startedAt) / 1000);
    }
    return answer;
  });
}

function count(session: Caller, answer: PublishAnswer): void {
  const { publishes } = session.context.instruments;
  if (answer.type === "ok") {
    publishes.ok.inc();
    return;
  }
  switch (answer.code) {
    case "broker_unavailable":
    case "history_unavailable":
    case "unconfirmed":
      publishes[answer.code].inc();
      return;
    default:
      publishes.refused.inc();
  }
}

function attempt(
  session: Caller,
  message: Publish,
  frame: FrameSource,
): PublishAnswer | Promise<PublishAnswer> {
  const { id, channel } = message;
  const { policies, limits } = session.context;
  const problem = channelProblem(channel);
  if (problem !== undefined) {
    return errorAnswer(id, "channel_invalid", `the channel ${problem}`, { channel });
  }
  if (!policies.allows(session.principal, "publish", channel)) {
    return errorAnswer(id, "forbidden", `no grant allows publish on ${channel}`, { channel });
  }
  const lane = policies.laneOf(channel);
  if (lane === "none") {
    return errorAnswer(id, "forbidden", "this namespace takes no messages from clients", { channel });
  }
  if (message.data === undefined && frame.body === undefined) {
    return errorAnswer(id, "invalid_field", '"data" must be any JSON value');
  }
  const payload = clientPayload(message, frame);
  if (!payload.ok) {
    return errorAnswer(id, "invalid_field", payload.message);
  }
  if (payload.bytes.byteLength > limits.payloadBytes) {
    return errorAnswer(id, "payload_too_large", `the payload may hold at most ${limits.payloadBytes} bytes`);
  }
  if (lane !== "direct" || !policies.isReplayable(channel)) {
    return handOver(session, message, payload.bytes, lane);
  }
  // As for requests: who goes on publishing would hold up the drain, since every answer takes a round trip.
  return session.isLeaving
    ? errorAnswer(id, "broker_unavailable", "the node is leaving; publish again on the next connection")
    : store(session, message, payload.bytes);
}

function handOver(
  session: Caller,
  message: Publish,
  payload: Uint8Array,
  lane: Exclude<PublishLane, "none">,
): PublishAnswer {
  const { broker } = session.context;
  const { id, channel, event } = message;
  const { span, trace } = beginPublish(session, message, lane, payload.byteLength);
  const outcome = broker.publish(channel, payload, { lane, event, identity: session.publisher, trace });
  span?.end(outcome === "sent" ? undefined : outcome);
  switch (outcome) {
    case "sent":
      return { type: "ok", id };
    case "too_large":
      return tooLarge(id, broker.maxPayload);
    case "busy":
      return busy(id);
    case "unavailable":
      return unavailable(id);
  }
}

async function store(session: Caller, message: Publish, payload: Uint8Array): Promise<PublishAnswer> {
  const { broker } = session.context;
  const { id, channel, event, key } = message;
  const { span, trace } = beginPublish(session, message, "direct", payload.byteLength);
  const outcome = await broker.store(channel, payload, {
    event,
    identity: session.publisher,
    key: key === undefined ? undefined : scopedKey(session.principal?.user, channel, key),
    trace,
  });
  span?.end(outcome.kind === "stored" ? undefined : outcome.kind);
  return storeAnswer(session, outcome, id, channel);
}

function storeAnswer(session: Caller, outcome: StoreOutcome, id: number, channel: string): PublishAnswer {
  const { broker } = session.context;
  switch (outcome.kind) {
    case "stored":
      return {
        type: "ok",
        id,
        cursor: encodePosition(outcome.position),
        ...(outcome.duplicate ? { duplicate: true } : {}),
      };
    case "unconfirmed":
      return errorAnswer(
        id,
        "unconfirmed",
        "the store did not answer in time; publish again with the same key",
        { channel },
      );
    case "unavailable":
      return broker.state === "connected"
        ? errorAnswer(id, "history_unavailable", "the store of this namespace takes nothing now", { channel })
        : unavailable(id);
    case "too_large":
      return tooLarge(id, broker.maxPayload);
    case "busy":
      return busy(id);
    case "denied":
      return errorAnswer(id, "forbidden", `NATS permissions of this node do not allow ${channel}`, {
        channel,
      });
  }
}

function tooLarge(id: number, maxPayload: number): ErrorMessage {
  return errorAnswer(id, "payload_too_large", `NATS takes at most ${maxPayload} bytes, headers included`);
}

function busy(id: number): ErrorMessage {
  return errorAnswer(id, "broker_unavailable", "NATS does not keep up with this node; try again in a moment");
}

function unavailable(id: number): ErrorMessage {
  return errorAnswer(id, "broker_unavailable", "the node cannot reach NATS now; nothing was published");
}
