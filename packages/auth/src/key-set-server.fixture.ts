import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A loopback endpoint for key sets that counts what it is asked and answers as the test decides. */
export interface KeySetServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: number;
  /** From now on answers with these keys. */
  serve(keys: readonly unknown[]): void;
  /** From now on answers with this. */
  answer(handler: Handler): void;
  /** From now on accepts no connection, on the same port. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  restart(): Promise<void>;
}

export async function startKeySetServer(): Promise<KeySetServer> {
  let requests = 0;
  let handler: Handler = (_request, response) => response.writeHead(404).end();
  const server = createServer((request, response) => {
    requests += 1;
    handler(request, response);
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", () => {
        server.removeListener("error", reject);
        resolve();
      });
    });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/keys.json`,
    get requests() {
      return requests;
    },
    serve(keys) {
      const body = JSON.stringify({ keys });
      handler = (_request, response) => {
        response.writeHead(200, { "content-type": "application/jwk-set+json" }).end(body);
      };
    },
    answer(next) {
      handler = next;
    },
    stop,
    restart: () => listen(port),
    [Symbol.asyncDispose]: stop,
  };
}
