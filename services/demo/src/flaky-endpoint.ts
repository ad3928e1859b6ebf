import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import { parseVerifyingSecret, type VerifyingKey, verifyWebhook } from "@tidegate/webhooks";
import { WEBHOOK_CLAIMS } from "./development-claims.ts";

/** One attempt, as the page shows it. */
export interface ShownAttempt {
  readonly message: string;
  readonly attempt: number;
  readonly status: number | undefined;
  readonly outcome: string;
  readonly at: string;
  readonly retryAt: string | undefined;
}

const CHANNELS = ["hooks.payments"];
const DESCRIPTION = "The demo's endpoint, which fails twice before it takes a delivery.";
const FAILURES = 2;
const SHOWN = 12;
const MAX_BODY_BYTES = 1_048_576;
const MOST_REMEMBERED = 1_000;
const TIMEOUT_MS = 5_000;

/**
 * Somebody's endpoint for webhooks: makes itself known through the API, verifies every delivery, answers the first two attempts of each
 * with 503 and the third with 204.
 */
export class FlakyEndpoint {
  readonly #api: string;
  readonly #attempts = new Map<string, number>();
  #keys: readonly VerifyingKey[] = [];
  #id: string | undefined;

  /** @param api `http://host:port` */
  constructor(api: string) {
    this.#api = `${api}/v1/webhooks/endpoints`;
  }

  /**
   * Listens, and makes the endpoint anew: one that an earlier demo left would point nowhere.
   *
   * @throws Error if the webhook process is out of reach, or refuses.
   */
  async start(signal: AbortSignal): Promise<void> {
    const server = createServer((request, response) => {
      void this.#receive(request).then((status) => response.writeHead(status).end());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    signal.addEventListener("abort", () => {
      server.close();
      server.closeAllConnections();
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { endpoints = [] } = await this.#ask<{ endpoints?: { id: string; description: string }[] }>(
      "GET",
      "",
    );
    for (const { id, description } of endpoints) {
      if (description === DESCRIPTION) await this.#ask("DELETE", `/${id}`);
    }
    const url = `http://127.0.0.1:${port}/`;
    const made = await this.#ask<{ id: string; secret: string }>("POST", "", {
      url,
      channels: CHANNELS,
      description: DESCRIPTION,
    });
    this.#id = made.id;
    this.#keys = [parseVerifyingSecret(made.secret)];
  }

  /** The newest attempts, the newest last. */
  async attempts(): Promise<readonly ShownAttempt[]> {
    const since = new Date(Date.now() - 600_000).toISOString();
    const query = new URLSearchParams({ since, limit: "200" });
    const { attempts } = await this.#ask<{ attempts: readonly ShownAttempt[] }>(
      "GET",
      `/${this.#id}/attempts?${query}`,
    );
    return attempts.slice(-SHOWN).map(({ message, attempt, status, outcome, at, retryAt }) => ({
      message,
      attempt,
      status,
      outcome,
      at,
      retryAt,
    }));
  }

  async #receive(request: IncomingMessage): Promise<204 | 401 | 413 | 503> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) return 413;
      chunks.push(chunk);
    }
    const header = (name: string) => {
      const value = request.headers[name];
      return typeof value === "string" ? value : undefined;
    };
    const received = {
      id: header("webhook-id"),
      timestamp: header("webhook-timestamp"),
      signature: header("webhook-signature"),
      body: Buffer.concat(chunks),
    };
    const verdict = verifyWebhook(received, this.#keys, Date.now());
    if (verdict.kind === "refused") return 401;
    const attempt = (this.#attempts.get(verdict.id) ?? 0) + 1;
    if (this.#attempts.size >= MOST_REMEMBERED) this.#attempts.clear();
    this.#attempts.set(verdict.id, attempt);
    return attempt <= FAILURES ? 503 : 204;
  }

  async #ask<Body>(method: string, path: string, body?: object): Promise<Body> {
    const token = await mintToken(WEBHOOK_CLAIMS, DEVELOPMENT_KEY);
    const answer = await fetch(`${this.#api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the webhook API answered ${method} with ${answer.status}: ${text}`);
    return (text === "" ? {} : JSON.parse(text)) as Body;
  }
}
