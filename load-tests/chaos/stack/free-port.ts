import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { LoadTestError } from "../../load-test-error.ts";

/** Below the range from which kernels take the ports of outgoing connections: a node has to come back on its port. */
const LOWEST = 20_000;
const END = 32_768;
const MAX_TRIES = 50;

/**
 * A port of loopback nobody listens on now.
 *
 * @throws LoadTestError `server_failed` if none is found.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(LOWEST, END);
    if (await isFree(port)) {
      return port;
    }
  }
  throw new LoadTestError("server_failed", `none of ${MAX_TRIES} ports can be listened on`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: "127.0.0.1", exclusive: true });
    await once(server, "listening");
  } catch {
    return false;
  }
  const closed = once(server, "close");
  server.close();
  await closed;
  return true;
}
