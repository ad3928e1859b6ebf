/** A message as it arrived, on whatever transport. */
export interface Received {
  readonly channel: string;
  /** As in the field `data`; absent fields are `undefined`. */
  readonly data: unknown;
  readonly encoding: string | undefined;
  readonly event: string | undefined;
  readonly from: { readonly user?: string; readonly connection: string } | undefined;
  readonly cursor: string | undefined;
  readonly time: number;
  /** The text that it stood in, for what JSON.parse does not keep. */
  readonly text: string;
}

export type Arrival =
  | { readonly kind: "message"; readonly message: Received }
  | { readonly kind: "reset"; readonly channel: string; readonly reason: string };

/** By channel or pattern, the cursor that covers it. */
export type Position = ReadonlyMap<string, string>;

export interface OpenOptions {
  readonly channels: readonly string[];
  /** `undefined`: none at all. */
  readonly token: string | undefined;
  /** Where to go on: a cursor for all channels, or one for each. Default: now. */
  readonly resume?: string | Position | undefined;
  /** All these channels are live, so that no cursor will come. */
  readonly live?: boolean;
}

/** What one client has subscribed to on one transport. */
export interface Stream {
  /** The next message or reset. Rejects with {@link Silence} if there is none in time. */
  next(timeoutMs?: number): Promise<Arrival>;
  /**
   * Where a client that has received what `next` gave would go on: kept as PROTOCOL.md tells clients to. Channels that are
   * not replayable are not in it.
   */
  position(): Position;
  /** Whether `position` is exactly behind what `next` gave: between two messages always, but with polling only between two answers. */
  readonly isAtPosition: boolean;
  /** Waits for one cursor that covers all replayable channels. */
  checkpoint(): Promise<string>;
  close(): Promise<void>;
}

export const TRANSPORT_NAMES = [
  "websocket",
  "batching websocket",
  "sse",
  "long polling",
  "short polling",
] as const;
export type TransportName = (typeof TRANSPORT_NAMES)[number];

export function isWebSocket({ name }: Pick<Transport, "name">): boolean {
  return name === "websocket" || name === "batching websocket";
}

/** A way to subscribe. The scenarios know nothing else of it, except the differences that they name. */
export interface Transport {
  readonly name: TransportName;
  /**
   * Settles when the subscriptions stand: what is published from then on arrives. On live channels that can only be
   * known by a message.
   *
   * @throws Refusal if the node refuses.
   */
  open(options: OpenOptions): Promise<Stream>;
}

/** The node refused, with a code of the protocol. */
export class Refusal extends Error {
  readonly code: string;
  /** Of HTTP; `undefined` on a WebSocket. */
  readonly status: number | undefined;

  constructor(code: string, message: string, status?: number) {
    super(`refused with ${code}: ${message}`);
    this.name = "Refusal";
    this.code = code;
    this.status = status;
  }
}

/** Nothing came in time. */
export class Silence extends Error {
  constructor(what: string, timeoutMs: number) {
    super(`${what} did not come within ${timeoutMs} ms`);
    this.name = "Silence";
  }
}

/** Long enough for a distant deployment; nothing waits this long unless it fails. */
export const PATIENCE_MS = 10_000;
