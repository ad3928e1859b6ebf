import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A delivery, all of which has come. */
export class SunkDelivery {
  readonly #request: IncomingMessage;
  readonly #chunks: readonly Buffer[];

  constructor(request: IncomingMessage, chunks: readonly Buffer[]) {
    this.#request = request;
    this.#chunks = chunks;
  }

  get path(): string {
    return this.#request.url ?? "";
  }

  /** Of the message: the same at all endpoints and for all attempts. */
  get id(): string {
    return String(this.#request.headers["webhook-id"]);
  }

  /** Put together when asked for: most of what comes is only counted. */
  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}

/** Endpoints of customers, on a port of loopback of their own. Disposing of it cuts those off that still wait for an answer. */
export interface LocalSink extends AsyncDisposable {
  /** Without a path: each is an endpoint. */
  readonly url: string;
}

/** @param answer decides the status that a delivery is answered with; `undefined`: it never is. */
export async function startLocalSink(
  answer: (delivery: SunkDelivery) => number | undefined,
): Promise<LocalSink> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const status = answer(new SunkDelivery(request, chunks));
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
