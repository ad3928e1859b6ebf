import { bytes, integer, milliseconds, setting } from "@tidegate/runtime";

/** What one node and one connection may use, and when connections are pinged and given up. */
export const limitSettings = [
  setting({
    path: "limits.frameBytes",
    schema: bytes({ min: 1024, max: 16_777_216 }),
    default: "64KiB",
    doc: "Largest frame of a client; a larger one closes with 4505.",
  }),
  setting({
    path: "limits.payloadBytes",
    schema: bytes({ min: 1, max: 16_777_216 }),
    default: "32KiB",
    doc: "Largest payload of a publish or request.",
  }),
  setting({
    path: "limits.subscriptionsPerConnection",
    schema: integer({ min: 1, max: 10_000 }),
    default: 128,
    doc: "Channels and patterns of one connection.",
  }),
  setting({
    path: "limits.requestsInFlight",
    schema: integer({ min: 1, max: 10_000 }),
    default: 32,
    doc: "Unanswered requests of one connection.",
  }),
  setting({
    path: "limits.requestTimeoutMs",
    schema: milliseconds({ min: 100, max: 300_000 }),
    default: "10s",
    doc: "Longest wait for a backend's reply, and the default.",
  }),
  setting({
    path: "limits.messagesPerSecond",
    schema: integer({ min: 1, max: 100_000 }),
    default: 50,
    doc: "Frames a second of one connection, on average.",
  }),
  setting({
    path: "limits.messageBurst",
    schema: integer({ min: 1, max: 100_000 }),
    default: 100,
    doc: "Frames at once. A client that sends this many more after being refused is closed with 4008.",
  }),
  setting({
    path: "limits.unauthenticatedMs",
    schema: milliseconds({ min: 100, max: 300_000 }),
    default: "10s",
    doc: "Time to authenticate.",
  }),
  setting({
    path: "limits.unauthenticatedBytes",
    schema: bytes({ min: 1024, max: 1_048_576 }),
    default: "16KiB",
    doc: "Largest frame before authentication, and most bytes held while the token is verified.",
  }),
  setting({
    path: "limits.unauthenticatedMessages",
    schema: integer({ min: 1, max: 1000 }),
    default: 64,
    doc: "Frames held while the token is verified.",
  }),
  setting({
    path: "limits.tokenBytes",
    schema: bytes({ min: 256, max: 16_384 }),
    default: "8KiB",
    doc: "Longest token. In a header, the address or a cookie it also has to fit into the 4 KiB that uWebSockets.js takes for all headers together, unless the environment variable `UWS_HTTP_MAX_HEADERS_SIZE` allows for more; in `connect` it has not.",
  }),
  setting({
    path: "limits.connections",
    schema: integer({ min: 1, max: 1_000_000 }),
    default: 50_000,
    doc: "Connections of this node. The process needs as many open files.",
  }),
  setting({
    path: "limits.connectionsPerAddress",
    schema: integer({ min: 1, max: 1_000_000 }),
    default: 1000,
    doc: "Connections from one address; see `listen.forwardedHops`.",
  }),
  setting({
    path: "limits.connectionAgeMs",
    schema: milliseconds({ max: 2_592_000_000 }),
    default: 0,
    doc: "A WebSocket or event stream is ended with 4012 when it is about this old, each at a random time from three quarters of it to five quarters, and its client connects again: so that nodes that were added get their share. 0: never.",
  }),
  setting({
    path: "limits.outboxBytes",
    schema: bytes({ min: 16_384, max: 268_435_456 }),
    default: "1MiB",
    doc: "What may wait for one client to read it. Above it, messages of live channels are skipped and the client is told how many; those of replayable channels are read again when half of it is free, piece by piece, and none is lost. While messages of an event stream wait for others that are being looked for, as much may be held besides.",
  }),
  setting({
    path: "limits.laggingMs",
    schema: milliseconds({ min: 100, max: 600_000 }),
    default: "30s",
    doc: "How long a client may stay above `limits.outboxBytes`, without reading half of it, before it is closed with 4004, or its event stream ends.",
  }),
  setting({
    path: "limits.catchUpMs",
    schema: milliseconds({ min: 100, max: 3_600_000 }),
    default: "2m",
    doc: "How long a client that reads, but fell behind on replayable channels, may take until it has caught up with all of them, before it is closed with 4004, or its event stream ends.",
  }),
  setting({
    path: "limits.pageBytes",
    schema: bytes({ min: 1024, max: 16_777_216 }),
    default: "256KiB",
    doc: "A page of history ends before it holds more, as JSON; one message it always holds.",
  }),
  setting({
    path: "limits.replayMessages",
    schema: integer({ min: 1, max: 100_000 }),
    default: 1000,
    doc: "Messages that one subscription gets at once when it resumes. Behind a cursor with more, it is reset, and reads them with `history`.",
  }),
  setting({
    path: "limits.replayBytes",
    schema: bytes({ min: 1024, max: 268_435_456 }),
    default: "1MiB",
    doc: "The same in bytes of payload. What is replayed waits as a whole for the client to read it, on top of `limits.outboxBytes`.",
  }),
  setting({
    path: "limits.ringBytes",
    schema: bytes({ min: 65_536, max: 17_179_869_184 }),
    default: "64MiB",
    doc: "Recent messages of replayable channels that this node keeps in memory, of all together: clients that come back are served from them, and NATS is not asked.",
  }),
  setting({
    path: "limits.ringMessages",
    schema: integer({ min: 1, max: 100_000 }),
    default: 1000,
    doc: "The same for one channel or pattern, in messages.",
  }),
  setting({
    path: "ping.intervalMs",
    schema: milliseconds({ min: 1000, max: 600_000 }),
    default: "25s",
    doc: "Longest silence towards a client. Below the idle timeout of every proxy on the way.",
  }),
  setting({
    path: "ping.pongTimeoutMs",
    schema: milliseconds({ min: 500, max: 300_000 }),
    default: "10s",
    doc: "Time to answer a ping.",
  }),
] as const;
