import { once } from "node:events";
import { createServer } from "node:net";
import { RuntimeError } from "../runtime-error.ts";

/**
 * Makes sure that a port is free, and chooses one where `port` is 0, for several processes that are going to share it.
 *
 * A process that binds a port to share it joins whoever shares it already, and takes a part of their connections without a word; so
 * somebody has to have asked for it alone first. That one lets go before the others come: whoever else binds the port in the
 * milliseconds between the two, joins them all the same.
 *
 * @throws RuntimeError `listen_failed` if the port is taken.
 */
export async function claimPort(host: string, port: number): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown reason";
    throw new RuntimeError("listen_failed", `${host} port ${port}: ${reason}`, { cause });
  }
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new TypeError("a TCP server has an address and a port");
  }
  return address.port;
}
