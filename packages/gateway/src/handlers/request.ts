import { isUtf8 } from "node:buffer";
import type { RequestOutcome } from "@tidegate/broker";
import {
  channelProblem,
  type ErrorMessage,
  type Request,
  replyFrame,
  replyHeaderLine,
} from "@tidegate/protocol";
import { type Format, takesBinary } from "../fan-out/format.ts";
import { asBuffer, textPayload } from "../fan-out/text-payload.ts";
import { clientPayload, type FrameSource } from "./client-payload.ts";
import { type Answer, type Caller, errorAnswer, type Session } from "./session.ts";
import { beginRequest } from "./upstream-span.ts";

/** A backend's reply, before it is put in a frame or a body. */
export interface ServiceReply {
  readonly type: "reply";
  readonly payload: Uint8Array;
}

/** Calls a backend for a connection. `undefined`: it ended meanwhile and nobody waits for the reply. */
export function request(
  session: Session,
  message: Request,
  frame: FrameSource,
): Promise<Answer | undefined> | ErrorMessage {
  const { id } = message;
  const { limits } = session.context;
  const refusal = refuseRequest(session, message);
  if (refusal !== undefined) {
    return refusal;
  }
  if (session.isLeaving) {
    // Else a client that goes on asking would hold up the drain until its deadline.
    return errorAnswer(id, "broker_unavailable", "the node is leaving; ask again on the next connection");
  }
  if (session.requestsInFlight >= limits.requestsInFlight) {
    return errorAnswer(id, "request_limit", `at most ${limits.requestsInFlight} requests may be unanswered`);
  }
  return answer(session, message, frame);
}

async function answer(session: Session, message: Request, frame: FrameSource): Promise<Answer | undefined> {
  const outcome = await callService(session, message, frame, session.signal);
  return outcome?.type === "reply" ? replyAnswer(message.id, outcome.payload, session.format) : outcome;
}

/**
 * Calls a backend for whoever may, see {@link refuseRequest}. `undefined` if `signal` aborted: nobody waits for the reply any
 * more.
 */
export async function callService(
  caller: Caller,
  message: Request,
  frame: FrameSource,
  signal: AbortSignal,
): Promise<ServiceReply | ErrorMessage | undefined> {
  const { id, method } = message;
  const { limits, broker, instruments } = caller.context;
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
  const { span, trace } = beginRequest(caller, message, payload.bytes.byteLength);
  const startedAt = performance.now();
  const outcome = await broker.request(method, payload.bytes, {
    timeoutMs,
    identity: caller.publisher,
    trace,
    signal,
  });
  span?.end(outcome.kind === "reply" ? undefined : outcome.kind);
  instruments.requests[outcome.kind].inc();
  if (outcome.kind === "reply") {
    instruments.requestSeconds.observe((performance.now() - startedAt) / 1000);
  }
  return answerOf(outcome, id, method, timeoutMs);
}

/** Why a caller cannot have a request made at all; `undefined` if it can. */
export function refuseRequest({ principal }: Caller, { id, method }: Request): ErrorMessage | undefined {
  const problem = channelProblem(method) ?? (method.includes(".") ? undefined : "needs at least two tokens");
  if (problem !== undefined) {
    return errorAnswer(id, "channel_invalid", `the method ${problem}`);
  }
  return principal === undefined || !principal.grants.allows("request", method, principal.user)
    ? errorAnswer(id, "forbidden", `no grant allows request on ${method}`)
    : undefined;
}

function answerOf(
  outcome: RequestOutcome,
  id: number,
  method: string,
  timeoutMs: number,
): ServiceReply | ErrorMessage | undefined {
  switch (outcome.kind) {
    case "reply":
      return { type: "reply", payload: outcome.payload };
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
  if (takesBinary(format) && !isUtf8(payload)) {
    const frame = Buffer.concat([Buffer.from(replyHeaderLine(id)), asBuffer(payload)]);
    return { type: "encoded", frame, binary: true };
  }
  return { type: "encoded", frame: replyFrame(id, textPayload(payload)), binary: false };
}
