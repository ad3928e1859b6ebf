import type { Msg } from "@nats-io/transport-node";
import type { HeaderReader } from "./header-reader.ts";
import { headerNames } from "./header-scan.ts";
import { CLAIMS_HEADER, CONNECTION_HEADER, EVENT_HEADER, USER_HEADER } from "./message-headers.ts";

/** Claims of the sender's token, as far as the gateway passes them on. */
export type Claims = Readonly<Record<string, unknown>>;

/** The client behind a message or request; trustworthy as far as NATS permissions keep others from publishing there. */
export interface ClientIdentity {
  /** undefined for a client without a token. */
  readonly user: string | undefined;
  readonly connection: string;
  readonly claims: Claims | undefined;
}

/** A client's message to the backends of a channel (`publish: backend`). */
export interface InboundMessage {
  readonly channel: string;
  /** A copy: it may be kept. */
  readonly payload: Uint8Array;
  readonly event: string | undefined;
  readonly publisher: ClientIdentity | undefined;
}

/** A request on its way to a handler. */
export interface ServiceCall {
  readonly method: string;
  /** A copy: it may be kept. */
  readonly payload: Uint8Array;
  /** User, connection and claims are undefined when another backend is calling. */
  readonly user: string | undefined;
  readonly connection: string | undefined;
  readonly claims: Claims | undefined;
}

const NAMES = headerNames(USER_HEADER, CONNECTION_HEADER, CLAIMS_HEADER, EVENT_HEADER);

export function inboundMessage(channel: string, message: Msg, reader: HeaderReader): InboundMessage {
  const [user, connection, claims, event] = reader.read(message, NAMES) ?? [];
  const publisher = connection === undefined ? undefined : { user, connection, claims: parseClaims(claims) };
  return { channel, payload: new Uint8Array(message.data), event, publisher };
}

export function serviceCall(method: string, message: Msg, reader: HeaderReader): ServiceCall {
  const [user, connection, claims] = reader.read(message, NAMES) ?? [];
  return { method, payload: new Uint8Array(message.data), user, connection, claims: parseClaims(claims) };
}

function parseClaims(text: string | undefined): Claims | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
