import { isUtf8 } from "node:buffer";
import type { RequestOutcome } from "@tidegate/broker";
import {
  channelProblem,
  type ErrorMessage,
  type Request,
  replyFrame,
  replyHeaderLine,
} from "@tidegate/protocol";
import type { Format } from "../fan-out/format.ts";
import { asBuffer, textPayload } from "../fan-out/text-payload.ts";
import { clientPayload, type FrameSource } from "./client-payload.ts";
import { type Answer, errorAnswer, type Session } from "./session.ts";

/** Calls a backend. `undefined`: the connection ended meanwhile and nobody waits for the reply. */
export function request(
  session: Session,
  message: Request,
  frame: FrameSource,
): Promise<Answer | undefined> | ErrorMessage {
  const { id, method } = message;
  const { limits } = session.context;
  const problem = channelProblem(method) ?? (method.includes(".") ? undefined : "needs at least two tokens");
  if (problem !== undefined) {
    return errorAnswer(id, "channel_invalid", `the method ${problem}`);
  }
  const { principal } = session;
  if (principal === undefined || !principal.grants.allows("request", method, principal.user)) {
    return errorAnswer(id, "forbidden", `no grant allows request on ${method}`);
  }
  if (session.isLeaving) {
    // Else a client that goes on asking would hold up the drain until its deadline.
    return errorAnswer(id, "broker_unavailable", "the node is leaving; ask again on the next connection");
  }
  if (session.requestsInFlight >= limits.requestsInFlight) {
    return errorAnswer(id, "request_limit", `at most ${limits.requestsInFlight} requests may be unanswered`);
  }
  const payload = clientPayload(message, frame);
  if (!payload.ok) {
    return errorAnswer(id, "invalid_field", payload.message);
  }
  if (payload.bytes.byteLength > limits.payloadBytes) {
    return errorAnswer(id, "payload_too_large", `the payload may hold at most ${limits.payloadBytes} bytes`);
  }
  // A timeout of 0 would mean "never wait", which no caller wants.
  const timeoutMs = Math.max(
    1,
    Math.min(message.timeout ?? limits.requestTimeoutMs, limits.requestTimeoutMs),
  );
  return call(session, id, method, payload.bytes, timeoutMs);
}

async function call(
  session: Session,
  id: number,
  method: string,
  payload: Uint8Array,
  timeoutMs: number,
): Promise<Answer | undefined> {
  const { broker, instruments } = session.context;
  const startedAt = performance.now();
  const outcome = await broker.request(method, payload, {
    timeoutMs,
    identity: session.publisher,
    signal: session.signal,
  });
  instruments.requests[outcome.kind].inc();
  if (outcome.kind === "reply") {
    instruments.requestSeconds.observe((performance.now() - startedAt) / 1000);
  }
  return answerOf(outcome, id, method, timeoutMs, session.format);
}

function answerOf(
  outcome: RequestOutcome,
  id: number,
  method: string,
  timeoutMs: number,
  format: Format,
): Answer | undefined {
  switch (outcome.kind) {
    case "reply":
      return replyAnswer(id, outcome.payload, format);
    case "service_error":
      return errorAnswer(id, "service_error", `${method} answered with an error`, {
        detail: { status: outcome.status, message: outcome.message },
      });
    case "no_responders":
      return errorAnswer(id, "no_responders", `nobody answers ${method} now`);
    case "timeout":
      return errorAnswer(id, "request_timeout", `${method} did not answer within ${timeoutMs} ms`);
    case "unavailable":
      return errorAnswer(
        id,
        "broker_unavailable",
        "the link to NATS failed; the backend may have acted on it",
      );
    case "too_large":
      return errorAnswer(id, "payload_too_large", "the payload is larger than NATS takes");
    case "denied":
      return errorAnswer(id, "forbidden", `NATS permissions of this node do not allow ${method}`);
    case "aborted":
      return undefined;
  }
}

function replyAnswer(id: number, payload: Uint8Array, format: Format): Answer {
  if (payload.byteLength === 0) {
    return { type: "encoded", frame: replyFrame(id, undefined), binary: false };
  }
  if (format === "json-binary" && !isUtf8(payload)) {
    const frame = Buffer.concat([Buffer.from(replyHeaderLine(id)), asBuffer(payload)]);
    return { type: "encoded", frame, binary: true };
  }
  return { type: "encoded", frame: replyFrame(id, textPayload(payload)), binary: false };
}
