import { once } from "node:events";
import { createServer } from "node:net";
import { randomPort } from "@tidegate/testkit";

export const LOOPBACK = "127.0.0.1";
const MOST_ATTEMPTS = 20;

/**
 * A port of loopback on which nobody listened a moment ago.
 *
 * @throws Error if twenty in a row are taken.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const port = randomPort();
    const server = createServer();
    try {
      server.listen(port, LOOPBACK);
      await once(server, "listening");
      return port;
    } catch {
      // Taken; another one.
    } finally {
      server.close();
    }
  }
  throw new Error(`found no free port in ${MOST_ATTEMPTS} attempts`);
}
