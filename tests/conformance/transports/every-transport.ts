import type { Nodes } from "../target.ts";
import { longPolling, shortPolling } from "./polling.ts";
import { sseTransport } from "./sse.ts";
import type { Transport, TransportName } from "./transport.ts";
import { websocketTransport } from "./websocket.ts";

/** The transports of a deployment, by name. */
export function everyTransport(nodes: Nodes): ReadonlyMap<TransportName, Transport> {
  return new Map(
    [
      websocketTransport(nodes, "websocket"),
      websocketTransport(nodes, "batching websocket"),
      sseTransport(nodes),
      longPolling(nodes),
      shortPolling(nodes),
    ].map((transport) => [transport.name, transport] as const),
  );
}
