import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { MetricsExposition } from "../metrics/create-metrics.ts";
import { RuntimeError } from "../runtime-error.ts";
import type { ReportedReadiness } from "./readiness.ts";

type Exposed = Pick<MetricsExposition, "contentType" | "text">;

export interface OperationsServerOptions {
  /** The address to listen on. Keep it off the public network: `/metrics` and `/readyz` tell about the inside. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly metrics: Exposed;
  readonly readiness: { readonly state: ReportedReadiness };
  /** Closes the server when aborted. */
  readonly signal?: AbortSignal;
}

export interface OperationsServer {
  readonly host: string;
  /** The port that was bound. */
  readonly port: number;
  /** Answers what has arrived, then closes all connections. Idempotent. */
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 5000;
const KEEP_ALIVE_TIMEOUT_MS = 5000;
const MAX_HEADER_BYTES = 8192;
/** Probes and scrapers need a handful. */
const MAX_CONNECTIONS = 64;
/** How long `close` waits for answers in progress, such as a scrape. */
const CLOSE_GRACE_MS = 1000;

/**
 * Serves `/healthz` (200 as long as the process runs), `/readyz` (200, or 503 with the failing conditions) and `/metrics` to
 * GET and HEAD, on a port of its own and from before the service is ready until the very end of its drain.
 *
 * @throws RuntimeError `listen_failed` if the address cannot be taken; the signal's reason if it is aborted already.
 */
export async function startOperationsServer(options: OperationsServerOptions): Promise<OperationsServer> {
  const { host, port, metrics, readiness, signal } = options;
  signal?.throwIfAborted();
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => {
      // Answering never rejects: every failure in it ends as a response.
      void answer(request, response, metrics, readiness);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  const boundPort = await listen(server, host, port);

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    signal?.removeEventListener("abort", closeOnAbort);
    closed ??= closeServer(server);
    return closed;
  };
  const closeOnAbort = (): void => {
    void close();
  };
  signal?.addEventListener("abort", closeOnAbort);
  if (signal?.aborted) {
    await close();
    signal.throwIfAborted();
  }
  return Object.freeze({ host, port: boundPort, close });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: Exposed,
  readiness: { readonly state: ReportedReadiness },
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    // The body that may follow is not read.
    response.setHeader("Connection", "close");
    return send(response, 405, "text/plain", "method not allowed\n");
  }
  const path = (request.url ?? "/").split("?", 1)[0];
  if (path === "/healthz") return send(response, 200, "text/plain", "ok\n");
  if (path === "/readyz") {
    const { state } = readiness;
    const body = { status: state.kind, ...("failing" in state ? { failing: state.failing } : {}) };
    return send(
      response,
      state.kind === "ready" || state.kind === "degraded" ? 200 : 503,
      "application/json",
      `${JSON.stringify(body)}\n`,
    );
  }
  if (path !== "/metrics") return send(response, 404, "text/plain", "not found\n");
  try {
    send(response, 200, metrics.contentType, await metrics.text());
  } catch {
    // Scrapers count failed scrapes; what failed is in nobody's hands who reads this answer.
    send(response, 500, "text/plain", "metrics could not be collected\n");
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(body);
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown reason";
    throw new RuntimeError("listen_failed", `operations server on ${host} port ${port}: ${reason}`, {
      cause,
    });
  }
  // With all file descriptors in use, accepting fails with an event that would end the process if nobody listened. The probe
  // that could not connect has its answer.
  server.on("error", () => {});
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new TypeError("a TCP server has an address and a port");
  return address.port;
}

async function closeServer(server: Server): Promise<void> {
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  // Idle connections are closed at once, busy ones after their answer.
  server.close();
  await once(server, "close");
  clearTimeout(grace);
}
