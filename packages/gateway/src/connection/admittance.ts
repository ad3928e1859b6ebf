import { VERIFICATION_FAILURES, type Verification } from "@tidegate/auth";
import type { CloseName, Connect } from "@tidegate/protocol";
import { turnedAwayReason } from "../admission/gate.ts";
import { type Format, isBatched, messageFraming, takesBinary } from "../fan-out/format.ts";
import { verifyToken } from "../handlers/verify-token.ts";
import type { Principal } from "../namespace-policies.ts";
import type { NodeContext } from "../node-context.ts";
import type { Entrance } from "./entrance.ts";
import type { InboundFrame } from "./held-frames.ts";

/** The connection of a client that wants to be let in. */
export interface Applicant {
  readonly context: NodeContext;
  readonly format: Format;
  readonly isClosed: boolean;
  /**
   * It is let in.
   *
   * @param connect the message that is answered; `undefined` if the handshake was enough.
   */
  admit(entrance: Entrance, principal: Principal, connect: Connect | undefined): void;
  end(name: CloseName, reason: string): void;
  /** Does what is to be said in one write. */
  inOneWrite(work: () => void): void;
  /** Does something that nobody watches over. */
  attempt(work: () => void): void;
  /** Sees to work that nobody waits for. */
  run(work: Promise<void>): void;
}

/** Lets a client in by what the handshake carried: a token, or channels that need none. Otherwise `connect` has to come. */
export function begin(applicant: Applicant, entrance: Entrance, token: string | undefined): void {
  const { policies } = applicant.context;
  const { channels } = entrance.wish;
  if (token !== undefined) {
    inTurn(applicant, entrance, () => authenticate(applicant, entrance, token, undefined));
  } else if (
    channels.length > 0 &&
    channels.every((channel) => policies.allows(undefined, "subscribe", channel))
  ) {
    inTurn(applicant, entrance, () => applicant.admit(entrance, undefined, undefined));
  }
}

/** Lets a client in by a frame, or ends its connection, or waits. */
export function enter(applicant: Applicant, entrance: Entrance, frame: InboundFrame): void {
  const { context, format } = applicant;
  const step = entrance.take(frame, format === "raw", context.limits);
  switch (step.kind) {
    case "held":
      return;
    case "end":
      applicant.end(step.ending.name, step.ending.reason);
      return;
    case "connect":
      break;
  }
  const { connect } = step;
  const { token } = connect;
  if (token !== undefined) {
    inTurn(applicant, entrance, () => authenticate(applicant, entrance, token, connect));
  } else if (context.policies.admitsAnonymous) {
    inTurn(applicant, entrance, () => applicant.admit(entrance, undefined, connect));
  } else {
    context.instruments.authentications.token_missing.inc();
    applicant.end("token_missing", "send a token in connect");
  }
}

/** How messages go out to a client that has said in `connect` what it takes, besides what it said in the handshake. */
export function agreedFormat(format: Format, { binary, batch }: Connect): Format {
  return format === "raw"
    ? format
    : messageFraming(binary === true || takesBinary(format), batch === true || isBatched(format));
}

/**
 * Lets a client in when it is its turn: thousands may knock at once, and those who are in must not wait for all of them. What it
 * sends meanwhile is held.
 */
function inTurn(applicant: Applicant, entrance: Entrance, letIn: () => void): void {
  const { arrivals, gate } = applicant.context;
  if (arrivals.isOpen) {
    arrivals.admit(() => applicant.attempt(letIn));
    return;
  }
  entrance.hold();
  // In one write, as it would be in the handler of a frame: a second one costs as much as checking a token.
  const later = (): void => applicant.inOneWrite(() => applicant.attempt(letIn));
  if (!arrivals.admit(later)) {
    applicant.end("overloaded", turnedAwayReason(gate.crowded()));
  }
}

function authenticate(
  applicant: Applicant,
  entrance: Entrance,
  token: string,
  connect: Connect | undefined,
): void {
  const verification = verifyToken(applicant.context, token);
  if (verification instanceof Promise) {
    entrance.hold();
    applicant.run(verification.then((later) => settle(applicant, entrance, later, connect)));
  } else {
    settle(applicant, entrance, verification, connect);
  }
}

function settle(
  applicant: Applicant,
  entrance: Entrance,
  verification: Verification,
  connect: Connect | undefined,
): void {
  if (applicant.isClosed) {
    return;
  }
  if (verification.ok) {
    applicant.admit(entrance, verification.identity, connect);
  } else {
    applicant.end(VERIFICATION_FAILURES[verification.failure].error, verification.message);
  }
}
