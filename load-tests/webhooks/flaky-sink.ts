import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface SinkTally {
  /** Requests that came, answered or not. */
  readonly attempts: number;
  /** Answered with 200, by endpoint and message. */
  readonly delivered: ReadonlyMap<string, number>;
  /** The ids under which each message came. One, if all is well. */
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Endpoints of customers: each path is one. The body is the number of the message.
 *
 * @param fails share of requests that are answered with 500, from 0 to 1.
 * @param refuses messages that are never taken.
 */
export async function startFlakySink(fails: number, refuses: (message: number) => boolean) {
  let attempts = 0;
  const delivered = new Map<string, number>();
  const ids = new Map<string, Set<string>>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      attempts += 1;
      const message = Buffer.concat(chunks).toString();
      const id = String(request.headers["webhook-id"]);
      ids.set(message, (ids.get(message) ?? new Set()).add(id));
      if (refuses(Number(message)) || Math.random() < fails) {
        response.writeHead(500).end();
        return;
      }
      const key = `${request.url} ${message}`;
      delivered.set(key, (delivered.get(key) ?? 0) + 1);
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    tally: (): SinkTally => ({ attempts, delivered, ids }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
