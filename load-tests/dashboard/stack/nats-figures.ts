import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type JetStreamPage, natsSeries } from "./nats-series.ts";

const LIMIT_MS = 1500;
const SERVER = "nats-1";

/** Stands where the exporter of NATS's chart does, which no registry has: asks the server whenever Prometheus asks. */
export class NatsFigures implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param monitorUrl of the NATS server. */
  static async start(monitorUrl: string): Promise<NatsFigures> {
    const server = createServer((_request, response) => {
      figuresOf(monitorUrl).then(
        (text) => response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(text),
        // NATS is away.
        () => response.writeHead(503).end(),
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new NatsFigures(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function figuresOf(monitorUrl: string): Promise<string> {
  const read = async (path: string): Promise<unknown> => {
    const response = await fetch(`${monitorUrl}${path}`, { signal: AbortSignal.timeout(LIMIT_MS) });
    return await response.json();
  };
  const [varz, jsz] = await Promise.all([read("/varz"), read("/jsz?consumers=true&config=true")]);
  return natsSeries(SERVER, varz as Record<string, unknown>, jsz as JetStreamPage);
}
