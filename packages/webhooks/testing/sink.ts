import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { waitUntil } from "@tidegate/testkit";

export interface Received {
  readonly path: string;
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Decides what is answered; `hang` answers never. */
export type Behaviour = (received: Received) => Answer | "hang";

export interface Sink extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  behaviour: Behaviour;
  /** Resolves when so many have arrived. */
  arrived(count: number, timeoutMs?: number): Promise<readonly Received[]>;
}

/** An endpoint as a customer has it. */
export async function startSink(behaviour: Behaviour = () => ({ status: 204 })): Promise<Sink> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { headers, url = "/" } = request;
      const one = {
        path: url,
        id: String(headers["webhook-id"]),
        headers,
        body: Buffer.concat(chunks).toString(),
      };
      received.push(one);
      const answer = sink.behaviour(one);
      if (answer === "hang") return;
      response.writeHead(answer.status, { ...answer.headers });
      response.end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const sink: Sink = {
    url: `http://127.0.0.1:${port}`,
    received,
    behaviour,
    arrived: async (count, timeoutMs = 10_000) => {
      await waitUntil(() => received.length >= count, { message: `${count} deliveries`, timeoutMs });
      return received;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return sink;
}
