import { mintToken } from "@tidegate/auth";
import {
  connectPlainNats,
  type NatsConnection,
  type NodeProcess,
  type OwnNatsServer,
  openClient,
  spawnNode,
  startNats,
  type TestClient,
} from "@tidegate/testkit";

export const GATEWAY_MAIN = new URL("../../services/gateway/src/main.ts", import.meta.url);
const SECRET = "the secret of the gateway processes that tests start, and nobody else's";

/** Several processes start one after the other, beside other tests. */
const START_PATIENCE_MS = 30_000;

interface Received {
  readonly type?: string;
  readonly id?: number;
  readonly code?: string;
  readonly [field: string]: unknown;
}
export type Client = TestClient<Received>;

/** The gateway as it is run: a process of its own on a NATS server of its own. */
export class GatewayProcess implements AsyncDisposable {
  readonly process: NodeProcess;
  readonly port: number;
  readonly operationsPort: number;
  /** A backend that knows nothing of Tidegate. */
  readonly backend: NatsConnection;
  readonly server: OwnNatsServer;

  private constructor(
    process: NodeProcess,
    ports: { readonly port: number; readonly operationsPort: number },
    backend: NatsConnection,
    server: OwnNatsServer,
  ) {
    this.process = process;
    this.port = ports.port;
    this.operationsPort = ports.operationsPort;
    this.backend = backend;
    this.server = server;
  }

  /** Starts one, configured by these variables besides what every one needs. */
  static async start(variables: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const server = await startNats({ own: true });
    const gateway = await spawnNode(GATEWAY_MAIN, {
      env: {
        TIDEGATE_NODE_NAME: "n1",
        TIDEGATE_NATS_SERVERS: server.url,
        TIDEGATE_LISTEN_HOST: "127.0.0.1",
        TIDEGATE_LISTEN_PORT: "0",
        TIDEGATE_OPERATIONS_HOST: "127.0.0.1",
        TIDEGATE_OPERATIONS_PORT: "0",
        TIDEGATE_AUTH_ALGORITHMS: "HS256",
        TIDEGATE_AUTH_SECRET: SECRET,
        TIDEGATE_NAMESPACES: '{"chat":{"publish":"direct"}}',
        ...variables,
      },
    });
    const line = await gateway.waitForLine('"listening"', START_PATIENCE_MS);
    const ports = JSON.parse(line) as { port: number; operationsPort: number };
    return new GatewayProcess(gateway, ports, await connectPlainNats(server.url), server);
  }

  /** An authenticated client with a subscription to `chat.lobby`. */
  async connect(user: string): Promise<Client> {
    const token = await mintToken(
      {
        sub: user,
        expiresInSeconds: 600,
        grants: { subscribe: ["chat.>"], publish: ["chat.>"], request: ["demo.>"] },
      },
      { algorithm: "HS256", secret: SECRET },
    );
    const client = openClient<Received>(`ws://127.0.0.1:${this.port}/v1/ws`);
    await client.opened;
    client.send({ type: "connect", id: 1, token, channels: ["chat.lobby"] });
    await client.next("subscribed");
    return client;
  }

  /** The value of a metric without labels, or with those given as they are written. */
  async metric(series: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.operationsPort}/metrics`);
    const text = await response.text();
    const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1) ?? Number.NaN);
  }

  /** What `/readyz` says. */
  async readiness(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.operationsPort}/readyz`);
    return ((await response.json()) as { status: string }).status;
  }

  /** The status of a probe. */
  async probe(path: "/healthz" | "/readyz"): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.operationsPort}${path}`);
    await response.body?.cancel();
    return response.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await this.backend.close();
    await this.server.stop();
  }
}
