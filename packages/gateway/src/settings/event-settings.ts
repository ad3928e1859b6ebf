import { flag, setting } from "@tidegate/runtime";

/** What nodes tell backends about themselves. */
export const eventSettings = [
  setting({
    path: "events.connections",
    schema: flag(),
    default: false,
    doc: "Publishes `connection.opened` and `connection.closed` of WebSockets and event streams: see [lifecycle-events.md](lifecycle-events.md). Two messages to NATS for each connection.",
  }),
] as const;
