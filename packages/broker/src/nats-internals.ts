import type { Msg, NatsConnection } from "@nats-io/transport-node";

/**
 * The only file of this package that looks behind the public types of nats.js. Both things found here have no public equivalent,
 * both are recognised by shape rather than by version, and both callers go on without them.
 */

/** A received message before anything of it is decoded. `hdr` is the length of the header block, -1 without one. */
export interface RawMessage {
  readonly _msg: { readonly hdr: number };
  /** Header block followed by payload. */
  readonly _rdata: Uint8Array;
}

export function isRawMessage(message: object): message is RawMessage {
  if (!("_msg" in message) || !("_rdata" in message)) return false;
  const { _msg: arguments_, _rdata: data } = message;
  return (
    typeof arguments_ === "object" &&
    arguments_ !== null &&
    "hdr" in arguments_ &&
    typeof arguments_.hdr === "number" &&
    Number.isInteger(arguments_.hdr) &&
    data instanceof Uint8Array &&
    arguments_.hdr <= data.length
  );
}

/** For the hot path, after {@link isRawMessage} has held for one message of this connection. */
export function asRawMessage(message: Msg): RawMessage {
  return message as unknown as RawMessage;
}

/**
 * Destroys the socket under a connection. nats.js waits for its last write before it closes a stale connection, and a
 * server that has stopped reading never takes that write: the connection would stay "connected" until TCP gives up, many
 * minutes later.
 *
 * @returns false when the socket was not found; then only closing the connection for good is left.
 */
export function destroySocket(connection: NatsConnection): boolean {
  const socket = property(property(property(connection, "protocol"), "transport"), "socket");
  const destroy = property(socket, "destroy");
  if (typeof destroy !== "function") return false;
  destroy.call(socket);
  return true;
}

function property(owner: unknown, name: string): unknown {
  return typeof owner === "object" && owner !== null ? Reflect.get(owner, name) : undefined;
}
