/** What clients find, so that each kind of channel is there; small limits, so that they are reached in minutes. */
export const GATEWAY_SETTINGS = {
  mode: "development",
  limits: {
    connectionsPerAddress: 100_000,
    outboxBytes: "128KiB",
    laggingMs: "12s",
    ringMessages: 100,
    replayMessages: 200,
    requestTimeoutMs: "1s",
  },
  // Clients of one address, and of few users.
  http: { requestsPerSecond: 1000, requestBurst: 1000 },
  admission: { connectsPerSecond: 60, connectBurst: 60 },
  drain: { windowMs: "3s", reconnectMs: "1s", deadlineMs: "10s" },
  namespaces: {
    // Rooms that people talk in, and come back to.
    chat: { publish: "direct", history: history("128MiB") },
    // What backends say, large and often.
    catalog: { publish: "none", history: history("256MiB") },
    // Live ones: for everybody's messages, for large ones, and for values of which the last counts.
    notes: { publish: "direct" },
    media: { publish: "none" },
    quotes: { publish: "none", flushInterval: "200ms", conflate: "latest" },
  },
} as const;

export const GRANTS = {
  subscribe: ["chat.>", "catalog.>", "notes.>", "media.>", "quotes.>"],
  publish: ["chat.>", "notes.>"],
  history: ["chat.>"],
  request: ["shop.>", "webhooks.*"],
} as const;

function history(maxBytes: string) {
  return { maxAge: "1h", messagesPerChannel: 100_000, maxBytes, replicas: 1, deduplication: "1m" } as const;
}
