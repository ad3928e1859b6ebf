import { randomBytes } from "node:crypto";
import { mintToken } from "@tidegate/auth";
import {
  connectPlainNats,
  type NatsConnection,
  type NodeProcess,
  type OwnNatsServer,
  plainNatsHeaders,
  spawnNode,
  startNats,
} from "@tidegate/testkit";
import { LoadTestError } from "../load-test-error.ts";

const MAIN = new URL("../../services/webhooks/src/main.ts", import.meta.url);
const SECRET = "the secret of the webhook processes that load tests start, nobody else's";
const SECRET_KEY = `load:${randomBytes(32).toString("base64")}`;
const START_MS = 60_000;

/** NATS, one webhook process on it, and a backend: what a run delivers with. */
export class WebhookStack implements AsyncDisposable {
  readonly nats: OwnNatsServer;
  readonly backend: NatsConnection;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #token: string;
  #process: NodeProcess | undefined;
  #api = "";
  #isOver = false;

  private constructor(
    nats: OwnNatsServer,
    backend: NatsConnection,
    token: string,
    variables: Readonly<Record<string, string>>,
  ) {
    this.nats = nats;
    this.backend = backend;
    this.#token = token;
    this.#variables = variables;
  }

  /** @param variables of the webhook process, besides what every one needs. */
  static async start(variables: Readonly<Record<string, string>>): Promise<WebhookStack> {
    const nats = await startNats({ own: true });
    const backend = await connectPlainNats(nats.url);
    const grants = { request: ["webhooks.*"], subscribe: ["shop.>"] };
    const token = await mintToken(
      { sub: "load", grants, expiresInSeconds: 86_400 },
      { algorithm: "HS256", secret: SECRET },
    );
    const stack = new WebhookStack(nats, backend, token, variables);
    await stack.#callJetStream("STREAM.CREATE.rt_shop", {
      name: "rt_shop",
      subjects: ["rt.shop", "rt.shop.>"],
      retention: "limits",
      storage: "file",
      num_replicas: 1,
      allow_direct: true,
    });
    await stack.startProcess();
    return stack;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async startProcess(): Promise<void> {
    const process = await spawnNode(MAIN, {
      env: {
        TIDEGATE_NATS_SERVERS: this.nats.url,
        TIDEGATE_OPERATIONS_PORT: "0",
        TIDEGATE_AUTH_ALGORITHMS: "HS256",
        TIDEGATE_AUTH_SECRET: SECRET,
        TIDEGATE_WEBHOOKS_PORT: "0",
        TIDEGATE_WEBHOOKS_SECRET_KEYS: SECRET_KEY,
        TIDEGATE_WEBHOOKS_NAMESPACES: "shop",
        TIDEGATE_WEBHOOKS_REPLICAS: "1",
        TIDEGATE_WEBHOOKS_ALLOW_HTTP: "true",
        TIDEGATE_WEBHOOKS_PORTS: "0",
        TIDEGATE_WEBHOOKS_ALLOW_NETWORKS: "127.0.0.0/8",
        ...this.#variables,
      },
    });
    this.#process = process;
    const line = await process.waitForLine('"listening"', START_MS);
    const { apiPort } = JSON.parse(line) as { apiPort: number };
    this.#api = `http://127.0.0.1:${apiPort}/v1/webhooks`;
  }

  /** Ends the process as a crash would. */
  async killProcess(): Promise<void> {
    await this.#process?.stop("SIGKILL");
  }

  /** Asks the API of the process that runs now. */
  async call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.#api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) {
      throw new LoadTestError(
        "server_failed",
        `${method} ${path}: ${response.status} ${await response.text()}`,
      );
    }
    return (await response.json()) as Answer;
  }

  /** Publishes and waits for the store, again and again until it has it: NATS may be away. Or until all is over. */
  async publish(channel: string, payload: string, key: string): Promise<void> {
    while (!this.#isOver) {
      try {
        const headers = plainNatsHeaders({ "Nats-Msg-Id": key });
        await this.backend.request(`rt.${channel}`, payload, { timeout: 2_000, headers });
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #callJetStream(method: string, body: object): Promise<void> {
    const reply = await this.backend.request(`$JS.API.${method}`, JSON.stringify(body), { timeout: 5_000 });
    const { error } = reply.json<{ error?: { description: string } }>();
    if (error !== undefined) throw new LoadTestError("server_failed", `${method}: ${error.description}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#process?.stop("SIGKILL");
    await this.backend.close();
    await this.nats.stop();
  }
}
