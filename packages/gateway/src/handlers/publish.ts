import { channelProblem, type ErrorMessage, type Ok, type Publish } from "@tidegate/protocol";
import { clientPayload, type FrameSource } from "./client-payload.ts";
import { errorAnswer, type Session } from "./session.ts";

export function publish(session: Session, message: Publish, frame: FrameSource): Ok | ErrorMessage {
  const { instruments } = session.context;
  const startedAt = performance.now();
  const answer = attempt(session, message, frame);
  if (answer.type === "ok") {
    instruments.publishes.ok.inc();
    instruments.publishSeconds.observe((performance.now() - startedAt) / 1000);
  } else if (answer.code === "broker_unavailable") {
    instruments.publishes.broker_unavailable.inc();
  } else {
    instruments.publishes.refused.inc();
  }
  return answer;
}

function attempt(session: Session, message: Publish, frame: FrameSource): Ok | ErrorMessage {
  const { id, channel, event } = message;
  const { policies, limits, broker } = session.context;
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
  const outcome = broker.publish(channel, payload.bytes, { lane, event, identity: session.publisher });
  switch (outcome) {
    case "sent":
      return { type: "ok", id };
    case "too_large":
      return errorAnswer(
        id,
        "payload_too_large",
        `NATS takes at most ${broker.maxPayload} bytes, headers included`,
      );
    case "busy":
      return errorAnswer(
        id,
        "broker_unavailable",
        "NATS does not keep up with this node; try again in a moment",
      );
    case "unavailable":
      return errorAnswer(id, "broker_unavailable", "the node cannot reach NATS now; nothing was published");
  }
}
