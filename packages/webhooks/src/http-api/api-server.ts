import { once } from "node:events";
import { createServer } from "node:http";
import { WebhooksError } from "../webhooks-error.ts";
import type { WebhookApi } from "./webhook-api.ts";

export interface ApiServer {
  readonly port: number;
  /** Answers what has come and takes nothing new. Idempotent. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Replays of thousands of deliveries answer when they are stored. */
const CLOSE_GRACE_MS = 10_000;

/** @throws WebhooksError `unavailable` for a port that cannot be had. */
export async function startApiServer(
  api: WebhookApi,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<ApiServer> {
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => void api.handle(request, response),
  );
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown reason";
    throw new WebhooksError("unavailable", `the webhook API on ${host} port ${port}: ${reason}`, { cause });
  }
  // Without file descriptors, accepting fails with an event that would end the process if nobody listened.
  server.on("error", () => {});
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError("a TCP server has an address and a port");
  }
  let closed: Promise<void> | undefined;
  return {
    port: address.port,
    close: () => {
      closed ??= new Promise((resolve) => {
        const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
        server.close(() => {
          clearTimeout(grace);
          resolve();
        });
        server.closeIdleConnections();
      });
      return closed;
    },
  };
}
