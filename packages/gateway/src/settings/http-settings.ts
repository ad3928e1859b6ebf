import { integer, milliseconds, setting } from "@tidegate/runtime";

/** How clients without a WebSocket are served. */
export const httpSettings = [
  setting({
    path: "http.requestsPerSecond",
    schema: integer({ min: 1, max: 100_000 }),
    default: 50,
    doc: "Requests over HTTP a second of one user, on average; of one address where there is no token or a bad one. Each poll, publish, request, page of history and begin of an event stream counts. More are answered 429 with `Retry-After`, and event streams with a later `retry`.",
  }),
  setting({
    path: "http.requestBurst",
    schema: integer({ min: 1, max: 100_000 }),
    default: 100,
    doc: "Requests at once.",
  }),
  setting({
    path: "http.reconnectMs",
    schema: milliseconds({ min: 100, max: 600_000 }),
    default: "3s",
    doc: "After the loss of an event stream its client waits a random time around this, from half of it to one and a half.",
  }),
] as const;
