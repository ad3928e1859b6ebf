import { once } from "node:events";
import type { Server } from "node:http";

/** Listens on a port of loopback that the system chooses, with room for as many waiting clients as uWebSockets.js has. */
export async function listenHttp(server: Server): Promise<number> {
  server.listen({ port: 0, host: "127.0.0.1", backlog: 512 });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError("a TCP server has a port");
  }
  return address.port;
}
