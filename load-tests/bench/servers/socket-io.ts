// Socket.IO over WebSocket alone, with a room for each channel, as its documentation shows.

import { createServer } from "node:http";
import { Server } from "socket.io";
import { listenHttp } from "./listen-http.ts";
import { runContender } from "./run-contender.ts";

const ALL = "all";
/** So long that no ping falls into a measurement. */
const PING_INTERVAL_MS = 600_000;

const http = createServer();
const server = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  pingInterval: PING_INTERVAL_MS,
  serveClient: false,
});

server.on("connection", async (socket) => {
  const { own } = socket.handshake.query;
  await socket.join(typeof own === "string" ? `own.${own}` : ALL);
});

await runContender({
  listen: () => listenHttp(http),
  toAll: ({ payload }) => {
    server.to(ALL).emit("message", JSON.parse(payload));
  },
  toOne: (name, { payload }) => {
    server.to(`own.${name}`).emit("message", JSON.parse(payload));
  },
  close: () => {
    void server.close();
    http.closeAllConnections();
  },
});
