import type { BrokerError } from "@tidegate/broker";
import {
  type CloseName,
  type ErrorMessage,
  encodePosition,
  type Position,
  type ResetReason,
  type ServerMessage,
} from "@tidegate/protocol";
import type { Format } from "../fan-out/format.ts";
import { lossCode } from "../handlers/subscribe.ts";
import { rawEnding } from "./raw-ending.ts";

/**
 * The connection of a client that does not get a channel, or not all of it. Raw ones are closed: there is no message to tell them with,
 * and clients that reconnect by themselves would hide what happened.
 */
export interface Refused {
  readonly format: Format;
  end(name: CloseName, reason: string): void;
  notify(message: ServerMessage): void;
}

/** A channel that it wanted from the start can't be had, if there is an `error`. */
export function refuse(client: Refused, error: ErrorMessage | undefined): void {
  if (error === undefined) {
    return;
  }
  if (client.format === "raw") {
    const { name, reason } = rawEnding(error);
    client.end(name, reason);
  } else {
    client.notify(error);
  }
}

/** Messages of a channel may be missing before `position`. */
export function tellReset(client: Refused, channel: string, reason: ResetReason, position: Position): void {
  if (client.format === "raw") {
    client.end("reset", `${channel}: ${reason}`);
  } else {
    client.notify({ type: "reset", channel, cursor: encodePosition(position), reason });
  }
}

/** A channel that it had can't be had any longer. */
export function tellLoss(client: Refused, channel: string, error: BrokerError): void {
  const code = lossCode(error);
  const message = "the node can no longer get this channel from NATS";
  if (client.format === "raw") {
    client.end(code === "forbidden" ? code : "broker_unavailable", message);
  } else {
    client.notify({ type: "unsubscribed", channel, code, message });
  }
}
