import { mintToken } from "@tidegate/auth";
import {
  connectPlainNats,
  type NatsConnection,
  type NodeProcess,
  type OwnNatsServer,
  spawnNode,
  startNats,
} from "@tidegate/testkit";
import { Nodes, type Target } from "./target.ts";

const GATEWAY_MAIN = new URL("../../services/gateway/src/main.ts", import.meta.url);
const PROVISION_MAIN = new URL("../../services/gateway/src/provision.ts", import.meta.url);
const SECRET = "the secret of the deployment that the conformance suite starts for itself";
const MESSAGES_PER_CHANNEL = 60;
/** Two processes start beside other tests. */
const START_PATIENCE_MS = 60_000;

const NAMESPACES = {
  kept: { publish: "direct", history: { replicas: 1, messagesPerChannel: MESSAGES_PER_CHANNEL } },
  second: { publish: "direct", history: { replicas: 1 } },
  live: { publish: "direct" },
};
const PREFIXES = ["kept.>", "second.>", "live.>"];
const GRANTS = { subscribe: PREFIXES, publish: PREFIXES, history: PREFIXES, request: ["echo.>", "a.b"] };

/** Two nodes on one NATS server, started as they are run, and a backend that knows nothing of Tidegate. */
export class Deployment implements AsyncDisposable {
  readonly target: Target;
  readonly #server: OwnNatsServer;
  readonly #nodes: readonly NodeProcess[];
  readonly #backend: NatsConnection;

  private constructor(
    target: Target,
    server: OwnNatsServer,
    nodes: readonly NodeProcess[],
    backend: NatsConnection,
  ) {
    this.target = target;
    this.#server = server;
    this.#nodes = nodes;
    this.#backend = backend;
  }

  static async start(): Promise<Deployment> {
    const server = await startNats({ own: true });
    const env = {
      TIDEGATE_NATS_SERVERS: server.url,
      TIDEGATE_LISTEN_HOST: "127.0.0.1",
      TIDEGATE_LISTEN_PORT: "0",
      TIDEGATE_OPERATIONS_HOST: "127.0.0.1",
      TIDEGATE_OPERATIONS_PORT: "0",
      TIDEGATE_AUTH_ALGORITHMS: "HS256",
      TIDEGATE_AUTH_SECRET: SECRET,
      TIDEGATE_AUTH_LEEWAY_MS: "0",
      TIDEGATE_NAMESPACES: JSON.stringify(NAMESPACES),
      // The suite is many clients of one user.
      TIDEGATE_HTTP_REQUESTS_PER_SECOND: "100000",
      TIDEGATE_HTTP_REQUEST_BURST: "100000",
      // Checkpoints of a WebSocket come with pings.
      TIDEGATE_PING_INTERVAL_MS: "1s",
      TIDEGATE_PING_PONG_TIMEOUT_MS: "900ms",
    };
    const provisioning = await spawnNode(PROVISION_MAIN, { env });
    const { code } = await provisioning.exited;
    if (code !== 0) {
      throw new Error(`provisioning failed:\n${provisioning.lines.map((line) => line.text).join("\n")}`);
    }
    const nodes = await Promise.all(
      ["n1", "n2"].map((name) => spawnNode(GATEWAY_MAIN, { env: { ...env, TIDEGATE_NODE_NAME: name } })),
    );
    const addresses = await Promise.all(
      nodes.map(async (node) => {
        const { port } = JSON.parse(await node.waitForLine('"listening"', START_PATIENCE_MS)) as {
          readonly port: number;
        };
        return new URL(`http://127.0.0.1:${port}`);
      }),
    );
    const backend = await connectPlainNats(server.url);
    backend.subscribe("rpc.echo.back", {
      callback: (_error, message) => {
        message.respond(message.data);
      },
    });
    await backend.flush();
    const target: Target = {
      nodes: new Nodes(addresses),
      token: await userToken(3_600),
      prefix: "kept.conformance",
      secondPrefix: "second.conformance",
      livePrefix: "live.conformance",
      echoMethod: "echo.back",
      expiredToken: await userToken(-60),
      messagesPerChannel: MESSAGES_PER_CHANNEL,
    };
    return new Deployment(target, server, nodes, backend);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend.close();
    await Promise.all(this.#nodes.map((node) => node[Symbol.asyncDispose]()));
    await this.#server.stop();
  }
}

function userToken(expiresInSeconds: number): Promise<string> {
  return mintToken({ sub: "ada", grants: GRANTS, expiresInSeconds }, { algorithm: "HS256", secret: SECRET });
}
