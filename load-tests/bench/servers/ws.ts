// The `ws` library with the loop that its documentation shows for broadcasts.

import { createServer } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { listenHttp } from "./listen-http.ts";
import { frameOf, runContender } from "./run-contender.ts";

const everybody = new Set<WebSocket>();
const byOwn = new Map<string, WebSocket>();

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false });

server.on("connection", (client, request) => {
  const own = new URL(request.url ?? "/", "http://localhost").searchParams.get("own");
  // A client that resets its connection is no reason to end.
  client.on("error", () => {});
  if (own === null) {
    everybody.add(client);
    client.on("close", () => everybody.delete(client));
  } else {
    byOwn.set(own, client);
    client.on("close", () => byOwn.delete(own));
  }
});

await runContender({
  listen: () => listenHttp(http),
  toAll: (message) => {
    const frame = frameOf(message);
    for (const client of everybody) {
      client.send(frame);
    }
  },
  toOne: (name, message) => {
    byOwn.get(name)?.send(frameOf(message));
  },
  close: () => {
    server.close();
    http.close();
    http.closeAllConnections();
    for (const client of [...everybody, ...byOwn.values()]) {
      client.terminate();
    }
  },
});
