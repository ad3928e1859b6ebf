import type { Msg } from "@nats-io/transport-node";
import type { HeaderReader } from "../header-reader.ts";
import type { HeaderValues } from "../header-scan.ts";
import { headerNames } from "../header-scan.ts";
import { CONNECTION_HEADER, EVENT_HEADER, USER_HEADER } from "../message-headers.ts";
import type { StoredMessage } from "./stored-message.ts";

/**
 * Headers that the server adds to a message it takes out of a stream, be it in an answer or by RePublish, followed by ours. It adds them
 * behind those of the publisher, so the last value of each is the true one.
 */
export const STORED_HEADERS = headerNames(
  "Nats-Sequence",
  "Nats-Last-Sequence",
  "Nats-Time-Stamp",
  "Nats-Subject",
  EVENT_HEADER,
  USER_HEADER,
  CONNECTION_HEADER,
);

/** A message out of the stream and what the server says came before it. */
export interface Delivery {
  readonly message: StoredMessage;
  /**
   * By RePublish: sequence of the previous message of this subject that was still stored, 0 if there was none. In an
   * answer to a Direct Get: sequence of the previous message of the answer, 0 for the first.
   */
  readonly lastSequence: number;
}

/**
 * Reads a republished message. undefined if it does not carry what the server adds: then the server did not send it.
 *
 * @param prefixLength what of the original subject comes before the channel.
 */
export function readDelivery(message: Msg, reader: HeaderReader, prefixLength: number): Delivery | undefined {
  const values = reader.read(message, STORED_HEADERS);
  return values === undefined ? undefined : deliveryOf(message, values, prefixLength);
}

/** As {@link readDelivery}, from values whose first ones are those of {@link STORED_HEADERS}. */
export function deliveryOf(message: Msg, values: HeaderValues, prefixLength: number): Delivery | undefined {
  const [sequence, last, stamp, subject, event, user, connection] = values;
  if (sequence === undefined || stamp === undefined || subject === undefined) return undefined;
  return {
    message: {
      channel: subject.slice(prefixLength),
      sequence: Number(sequence),
      time: timeOf(stamp),
      payload: new Uint8Array(message.data),
      event,
      publisher: connection === undefined ? undefined : { user, connection },
    },
    lastSequence: Number(last ?? 0),
  };
}

/** The server's time stamps have up to nine decimals of a second; what is below a millisecond is cut off. */
export function timeOf(stamp: string): number {
  return Date.parse(stamp);
}
