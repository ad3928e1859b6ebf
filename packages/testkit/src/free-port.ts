import { once } from "node:events";
import { createServer } from "node:net";
import { natsHost as loopback } from "./nats-config.ts";
import { randomPort } from "./random-port.ts";
import { TestkitError } from "./testkit-error.ts";

const maxTries = 50;

/**
 * A port of loopback that nobody listens on now; see {@link randomPort} for where it comes from. For programs that cannot be asked for a port of
 * their own choice, or have to come back on the same one.
 *
 * @throws TestkitError `process-failed` if none is found.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = randomPort();
    if (await isFree(port)) return port;
  }
  throw new TestkitError("process-failed", `none of ${maxTries} ports can be listened on`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: loopback, exclusive: true });
    await once(server, "listening");
  } catch {
    return false;
  }
  const closed = once(server, "close");
  server.close();
  await closed;
  return true;
}
