import type { Identity } from "@tidegate/auth";
import type { PublisherIdentity } from "@tidegate/broker";
import type { ErrorCode, ErrorMessage, Position, ServerMessage } from "@tidegate/protocol";
import { ERROR_CODES } from "@tidegate/protocol";
import type { ReplayGate } from "../connection/replay-gate.ts";
import type { Subscriber, Subscription, Subscriptions } from "../connection/subscriptions.ts";
import type { Format, Frame } from "../fan-out/format.ts";
import type { Principal } from "../namespace-policies.ts";
import type { NodeContext } from "../node-context.ts";

/** What a message handler may see and do of the connection that sent the message. */
export interface Session extends Subscriber {
  readonly context: NodeContext;
  readonly id: string;
  readonly format: Format;
  readonly principal: Principal;
  /** What the gateway vouches for towards backends and subscribers. One object as long as the token is in force. */
  readonly publisher: PublisherIdentity;
  readonly subscriptions: Subscriptions;
  /** Through which subscriptions that bring earlier messages have to go. */
  readonly replays: ReplayGate;
  /** Requests that wait for a backend. */
  readonly requestsInFlight: number;
  /** The node drains: requests in flight are still answered, but no new ones. */
  readonly isLeaving: boolean;
  readonly isClosed: boolean;
  /** Aborted when the connection ends. Made on first use; to look whether it has ended, {@link isClosed} costs nothing. */
  readonly signal: AbortSignal;
  /** Puts a newer token's identity in force. */
  renew(identity: Identity): void;
  /**
   * Delivers what a subscription that stands now has missed.
   *
   * @param begin where it begins, before these.
   */
  replay(subscription: Subscription, frames: readonly Frame[], begin: Position | undefined): void;
  /** Sends something that answers no request. */
  notify(message: ServerMessage): void;
}

/** For whom a handler acts that needs no connection: requests over HTTP have one, too. */
export type Caller = Pick<Session, "context" | "principal" | "publisher" | "isLeaving">;

/** A frame that was built by hand because its payload is embedded as it is. */
interface EncodedAnswer {
  readonly type: "encoded";
  readonly frame: string | Uint8Array;
  readonly binary: boolean;
}

/** The one answer to one request. */
export type Answer = ServerMessage | EncodedAnswer;

/** For a client that read too slowly. */
export function missedNotice(missed: {
  readonly missed: number;
  readonly channel: string | undefined;
}): ErrorMessage {
  const message = "this client read too slowly; messages of live channels were skipped";
  return errorAnswer(undefined, "messages_missed", message, missed);
}

type ErrorExtra = Partial<Pick<ErrorMessage, "retryAfter" | "channel" | "detail" | "missed">>;

export function errorAnswer(
  id: number | undefined,
  code: ErrorCode,
  message: string,
  extra?: ErrorExtra,
): ErrorMessage {
  return { type: "error", id, code, message, retryable: ERROR_CODES[code].retryable, ...extra };
}
