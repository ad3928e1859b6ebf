import type { Msg } from "@nats-io/transport-node";
import type { HeaderReader } from "./header-reader.ts";
import { headerNames } from "./header-scan.ts";
import { CONFLATE_KEY_HEADER, CONNECTION_HEADER, EVENT_HEADER, USER_HEADER } from "./message-headers.ts";

/** The client a message came from, as the gateway that took it in vouched. */
export interface LivePublisher {
  /** undefined for a client without a token. */
  readonly user: string | undefined;
  readonly connection: string;
}

/** One message of a live channel. Shared by all listeners of a subscription: treat it as read-only. */
export interface LiveMessage {
  readonly channel: string;
  /**
   * A view on the bytes read from the socket, valid only during the callback: copy what is kept, or a few bytes pin a
   * whole read of up to 64 KiB.
   */
  readonly payload: Uint8Array;
  readonly event: string | undefined;
  /** undefined when a backend published. */
  readonly publisher: LivePublisher | undefined;
  /** What the message is the latest state of, in the words of the backend that published it. */
  readonly conflateKey?: string | undefined;
}

const NAMES = headerNames(EVENT_HEADER, USER_HEADER, CONNECTION_HEADER, CONFLATE_KEY_HEADER);

export function liveMessage(channel: string, message: Msg, reader: HeaderReader): LiveMessage {
  const values = reader.read(message, NAMES);
  if (values === undefined) {
    return { channel, payload: message.data, event: undefined, publisher: undefined, conflateKey: undefined };
  }
  const [event, user, connection, conflateKey] = values;
  // Every message of a client names its connection; not every client has a user.
  const publisher = connection === undefined ? undefined : { user, connection };
  return { channel, payload: message.data, event, publisher, conflateKey };
}
