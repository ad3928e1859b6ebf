// The floor that a gateway is measured against: uWebSockets.js and nats.js with nothing between them but a loop. Every
// client gets every message of one subject; a client that came with `?own=<n>` gets those of the nth subject of another.

import { connectPlainNats } from "@tidegate/testkit";
import { createMetrics, Readiness, startOperationsServer } from "@tidegate/runtime";
import { messageFrame } from "@tidegate/protocol";
import { App, us_listen_socket_close, us_socket_local_port, type WebSocket } from "uWebSockets.js";

interface ClientData {
  /** Its place in the loop. */
  index: number;
  readonly own: string;
}

const [natsUrl = "", sharedChannel = "", ownChannelPrefix = ""] = process.argv.slice(2);
