import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "@tidegate/protocol";

/** What one client says to get to where it receives messages. */
export interface ClientPlan {
  /** Of the handshake, with the query. */
  readonly path: string;
  /** Lines of the handshake besides those of every WebSocket. */
  readonly headers: readonly string[];
  /** Text frames, sent as soon as the handshake was accepted. */
  readonly messages: readonly string[];
  /** What a frame holds that says that messages come from now on. `undefined`: the handshake does. */
  readonly ready: string | undefined;
  /** What a frame holds that says that they never will. */
  readonly refused: string | undefined;
}

/** A client that only opens a WebSocket. */
export function bareClient(path: string): ClientPlan {
  return { path, headers: [], messages: [], ready: undefined, refused: undefined };
}

/**
 * A client of a gateway: it authenticates by its first message and subscribes to one channel, as the SDK does.
 *
 * @param batch whether it wants batch frames.
 */
export function gatewayClient(token: string, channel: string, batch = false): ClientPlan {
  return {
    path: "/v1/ws",
    headers: [`Sec-WebSocket-Protocol: ${SUBPROTOCOL}`],
    messages: [
      JSON.stringify({ type: "connect", id: 1, token, channels: [channel], ...(batch ? { batch } : {}) }),
    ],
    ready: '{"type":"subscribed"',
    refused: '{"type":"error"',
  };
}

/** A client of a gateway whose handshake says all: it is subscribed a round trip earlier. */
export function addressClient(token: string, channel: string): ClientPlan {
  return {
    ...gatewayClient(token, channel),
    path: `/v1/ws?channels=${channel}`,
    headers: [`Sec-WebSocket-Protocol: ${SUBPROTOCOL}, ${TOKEN_SUBPROTOCOL_PREFIX}${token}`],
    messages: [],
  };
}

/** What `{since}` in the plan of a {@link resumingClient} stands for when it comes back with a cursor, `%`. */
export const SINCE_FIELD = ',"since":"%"';

/** A client of a gateway that goes on from its cursor when it comes back. Only the native clients come back. */
export function resumingClient(token: string, channel: string): ClientPlan {
  return {
    ...gatewayClient(token, channel),
    messages: [
      JSON.stringify({ type: "connect", id: 1, token }),
      `{"type":"subscribe","id":2,"channel":${JSON.stringify(channel)}{since}}`,
    ],
  };
}

/** A client of a gateway's event streams. It is ready with the first bytes, a moment before its subscription. */
export function eventStreamClient(token: string, channel: string): ClientPlan {
  return { ...bareClient(`/v1/sse?channels=${channel}`), headers: [`Authorization: Bearer ${token}`] };
}

/** A client of a Socket.IO server: it joins the namespace, with whatever the query asks for. */
export function socketIoClient(query: string): ClientPlan {
  return {
    path: `/socket.io/?EIO=4&transport=websocket${query}`,
    headers: [],
    messages: ["40"],
    ready: '40{"sid"',
    refused: "44{",
  };
}

/** A client of Centrifugo. */
export function centrifugoClient(token: string, channel: string): ClientPlan {
  const connect = { connect: { token }, id: 1 };
  const subscribe = { subscribe: { channel }, id: 2 };
  return {
    path: "/connection/websocket",
    headers: [],
    messages: [JSON.stringify(connect), JSON.stringify(subscribe)],
    ready: '"subscribe":{',
    refused: '"error":{',
  };
}
