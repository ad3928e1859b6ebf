import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { WebhooksError } from "../webhooks-error.ts";
import type { HookReceiver } from "./hook-receiver.ts";
import { type HookReply, REPLIES } from "./hook-reply.ts";
import { BodyRoom, readBody } from "./request-body.ts";
import type { HookRequest } from "./schemes/hook-scheme.ts";

export interface HookServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly bodyBytes: number;
  /** Bodies in memory at the same time, of all requests together. */
  readonly pendingBytes: number;
  readonly maxConnections: number;
  readonly receiver: HookReceiver;
}

export interface HookServer {
  readonly port: number;
  /** Requests that wait for their answer. */
  readonly pending: number;
  /** Takes no new connections; resolves once every request that came is answered. Idempotent. */
  close(): Promise<void>;
}

const PATH = /^\/hooks\/([A-Za-z0-9_-]{1,64})(?:\?|$)/;
const MAX_HEADER_BYTES = 16_384;
/** A sender that needs longer for its headers and body has given up on the answer. */
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;

/**
 * The server for `/hooks/<source>`.
 *
 * @throws WebhooksError `unavailable` if the port cannot be had.
 */
export async function startHookServer(options: HookServerOptions): Promise<HookServer> {
  const { host, port, receiver, bodyBytes, pendingBytes, maxConnections } = options;
  const room = new BodyRoom(pendingBytes);
  let pending = 0;
  let closing = false;
  const server = createServer(
    {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Most senders make a request now and then: their sockets need not wait for more bytes to fill a packet.
      noDelay: true,
    },
    (request, response) => {
      pending += 1;
      void handle(request, receiver, bodyBytes, room).then((reply) => {
        pending -= 1;
        if (reply === undefined) response.destroy();
        else send(request, response, reply, closing);
      });
    },
  );
  server.maxConnections = maxConnections;
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown reason";
    throw new WebhooksError("unavailable", `cannot listen on ${host} port ${port}: ${reason}`, { cause });
  }
  // Accepting can fail later, for want of file descriptors: who was not let in tries again.
  server.on("error", () => {});
  const address = server.address();
  const closed = once(server, "close");
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    get pending() {
      return pending;
    },
    close: async () => {
      if (!closing) server.close();
      closing = true;
      server.closeIdleConnections();
      await closed;
    },
  };
}

/** undefined if there is nobody left to answer. Never rejects. */
async function handle(
  request: IncomingMessage,
  receiver: HookReceiver,
  bodyBytes: number,
  room: BodyRoom,
): Promise<HookReply | undefined> {
  const target = request.url ?? "";
  const name = PATH.exec(target)?.[1] ?? "";
  const source = receiver.sourceOf(name);
  if (source === undefined) return receiver.refuse(name, source, "unknown_source", REPLIES.notFound);
  if (request.method !== "POST") return receiver.refuse(name, source, "wrong_method", REPLIES.notPost);
  const contentType = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" || !receiver.takes(source, contentType)) {
    return receiver.refuse(name, source, "content_type", REPLIES.contentType);
  }
  const body = await readBody(request, bodyBytes, room);
  switch (body.kind) {
    case "too_large":
      return receiver.refuse(name, source, "too_large", REPLIES.tooLarge);
    case "no_room":
      return receiver.refuse(name, source, "unavailable", REPLIES.unavailable);
    case "broken":
      return undefined;
    case "read":
      break;
  }
  try {
    return await receiver.receive(source, hookRequest(request, target, contentType, body.bytes));
  } finally {
    room.release(body.bytes.length);
  }
}

function hookRequest(
  { headers }: IncomingMessage,
  target: string,
  contentType: string,
  body: Buffer,
): HookRequest {
  return {
    target,
    contentType,
    body,
    header: (name) => {
      const value = headers[name];
      return typeof value === "string" && value !== "" ? value : undefined;
    },
  };
}

function send(request: IncomingMessage, response: ServerResponse, reply: HookReply, closing: boolean): void {
  response.writeHead(reply.status, {
    ...reply.headers,
    "content-type": reply.contentType,
    "content-length": Buffer.byteLength(reply.text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    // What is left of a body that is not wanted is not worth reading.
    ...(closing || !request.complete ? { connection: "close" } : {}),
  });
  response.end(reply.text);
}
