import { createHash } from "node:crypto";
import { encodeFrame, upgradeRequest } from "@tidegate/testkit";

/** What one client says to get to where it receives messages. All bytes are made before the clock starts. */
export interface ClientPlan {
  /** The HTTP request of the opening handshake. */
  readonly handshake: Buffer;
  /**
   * The frame sent once the handshake was accepted; the client is ready when its channel is confirmed. `undefined`: it is
   * ready with the handshake, and says nothing more.
   */
  readonly greeting: Buffer | undefined;
}

/** The same for all clients: what it protects from, caches that mistake a handshake for a page, is not here. */
const KEY = Buffer.alloc(16, "tidegate").toString("base64");
/** RFC 6455 section 1.3. */
const ACCEPT = createHash("sha1").update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

/** What every correct answer to these handshakes holds. */
export const ACCEPTED: Buffer = Buffer.from(ACCEPT);

/** A client that only opens a WebSocket. */
export function bareClient(path: string): ClientPlan {
  return { handshake: Buffer.from(upgradeRequest({ path, key: KEY })), greeting: undefined };
}

/** A client of a gateway: it authenticates by its first message and subscribes to one channel, as the SDK does. */
export function gatewayClient(token: string, channel: string): ClientPlan {
  const connect = { type: "connect", id: 1, token, channels: [channel] };
  return {
    handshake: Buffer.from(upgradeRequest({ path: "/v1/ws", key: KEY, protocols: ["tidegate.v1"] })),
    greeting: encodeFrame({ payload: JSON.stringify(connect) }),
  };
}
