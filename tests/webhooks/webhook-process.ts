import { createHmac } from "node:crypto";
import { mintToken } from "@tidegate/auth";
import {
  connectPlainNats,
  type NatsConnection,
  type NodeProcess,
  type OwnNatsServer,
  spawnNode,
  startNats,
} from "@tidegate/testkit";

const MAIN = new URL("../../services/webhooks/src/main.ts", import.meta.url);
const SECRET_KEY = `tests:${Buffer.alloc(32, 9).toString("base64")}`;
const SECRET = "the secret of the webhook processes that tests start, and of nobody else";
/** Several processes start one after the other, beside other tests. */
const START_PATIENCE_MS = 30_000;

/** The headers of a sender that follows the Standard Webhooks specification. */
export function signedStandard(secret: string, body: string): Record<string, string> {
  const id = "msg_1";
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const digest = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${digest}` };
}

/** The webhook service as it is run: processes of their own on one NATS server, and a backend that publishes. */
export class WebhookProcesses implements AsyncDisposable {
  readonly server: OwnNatsServer;
  readonly backend: NatsConnection;
  readonly #started: NodeProcess[] = [];
  readonly #token: string;

  private constructor(server: OwnNatsServer, backend: NatsConnection, token: string) {
    this.server = server;
    this.backend = backend;
    this.#token = token;
  }

  /** @param config of the NATS server: accounts and permissions, in which `backend` may do everything. */
  static async open(config?: string): Promise<WebhookProcesses> {
    const server = await startNats({ own: true, ...(config === undefined ? {} : { config }) });
    const backend = await connectPlainNats(
      config === undefined ? server.url : server.url.replace("//", "//backend:backend@"),
    );
    const stream = { name: "rt_shop", subjects: ["rt.shop", "rt.shop.>"], allow_direct: true };
    await backend.request("$JS.API.STREAM.CREATE.rt_shop", JSON.stringify(stream));
    const token = await mintToken(
      {
        sub: "tests",
        expiresInSeconds: 600,
        grants: { request: ["webhooks.*"], subscribe: ["shop.>", "rtev.>"] },
      },
      { algorithm: "HS256", secret: SECRET },
    );
    return new WebhookProcesses(server, backend, token);
  }

  /** Starts one, configured by these variables besides what every one needs, and gives it with what asks its API. */
  async start(variables: Readonly<Record<string, string>> = {}) {
    const process = await spawnNode(MAIN, {
      env: {
        TIDEGATE_NATS_SERVERS: this.server.url,
        TIDEGATE_OPERATIONS_PORT: "0",
        TIDEGATE_AUTH_ALGORITHMS: "HS256",
        TIDEGATE_AUTH_SECRET: SECRET,
        TIDEGATE_WEBHOOKS_PORT: "0",
        TIDEGATE_WEBHOOKS_SECRET_KEYS: SECRET_KEY,
        TIDEGATE_WEBHOOKS_NAMESPACES: "shop",
        TIDEGATE_WEBHOOKS_REPLICAS: "1",
        TIDEGATE_WEBHOOKS_MAX_BYTES: "16MiB",
        TIDEGATE_WEBHOOKS_ALLOW_HTTP: "true",
        TIDEGATE_WEBHOOKS_PORTS: "0",
        TIDEGATE_WEBHOOKS_ALLOW_NETWORKS: "127.0.0.0/8",
        ...variables,
      },
    });
    this.#started.push(process);
    const line = await process.waitForLine('"listening"', START_PATIENCE_MS);
    const { apiPort, hooksPort } = JSON.parse(line) as { apiPort: number; hooksPort?: number };
    const createEndpoint = async (endpoint: object): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${apiPort}/v1/webhooks/endpoints`, {
        method: "POST",
        headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        body: JSON.stringify(endpoint),
      });
      if (!response.ok) throw new TypeError(`${response.status} ${await response.text()}`);
      return ((await response.json()) as { id: string }).id;
    };
    return { process, createEndpoint, hooks: `http://127.0.0.1:${hooksPort}/hooks` };
  }

  async publish(channel: string, payload: string): Promise<void> {
    await this.backend.request(`rt.${channel}`, payload);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((process) => process.stop("SIGKILL")));
    await this.backend.close();
    await this.server.stop();
  }
}
