import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import { GATEWAY_SETTINGS, startGateway } from "@tidegate/gateway";
import { createLogger, loadSettings } from "@tidegate/runtime";

/** A gateway node of this process, on ports of its own. */
export interface TestNode extends AsyncDisposable {
  /** `ws://…/v1/ws` */
  readonly url: string;
  /** `http://…` of `/readyz` and `/metrics`. */
  readonly operations: string;
  /** Everything logged so far. */
  readonly log: () => string;
}

const CONFIGURATION = `
mode: development
origins: { allow: ["https://app.example"] }
auth: { algorithms: [HS256], audience: tidegate, issuer: https://id.example, forwardClaims: [role] }
namespaces:
  chat: { publish: direct, grants: { subscribe: ["chat.>"] } }
  orders: { publish: backend }
  ticker: { publish: none, anonymous: { subscribe: ["ticker.>"] } }
`;

/** @param settings variables on top of the configuration above, without their prefix: `LIMITS_FRAME_BYTES`. */
export async function openNode(
  natsUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestNode> {
  const lines: string[] = [];
  const environment: Record<string, string> = {
    TIDEGATE_NATS_SERVERS: natsUrl,
    TIDEGATE_LISTEN_HOST: "127.0.0.1",
    TIDEGATE_LISTEN_PORT: "0",
    TIDEGATE_OPERATIONS_PORT: "0",
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
    TIDEGATE_DRAIN_WINDOW_MS: "50",
  };
  for (const [name, value] of Object.entries(settings)) {
    environment[`TIDEGATE_${name}`] = value;
  }
  const loaded = loadSettings(GATEWAY_SETTINGS, { environment, fileText: CONFIGURATION });
  if (!loaded.ok) {
    throw new TypeError(JSON.stringify(loaded.problems));
  }
  const logger = createLogger({
    name: "node",
    level: "debug",
    destination: { write: (line: string) => lines.push(line) },
  });
  const node = await startGateway(loaded.settings, logger, new AbortController().signal);
  return {
    url: `ws://127.0.0.1:${node.port}/v1/ws`,
    operations: `http://127.0.0.1:${node.operationsPort}`,
    log: () => lines.join(""),
    async [Symbol.asyncDispose]() {
      await node.drain(AbortSignal.timeout(5000));
      await node.stop?.();
    },
  };
}

const GRANTS = { subscribe: ["chat.>", "orders.>"], publish: ["chat.>", "orders.>"], request: ["demo.>"] };

/** A token that the nodes above accept. */
export function testToken(sub = "ada", expiresInSeconds = 600): Promise<string> {
  const claims = { issuer: "https://id.example", audience: "tidegate", extra: { role: "tester" } };
  return mintToken({ sub, grants: GRANTS, expiresInSeconds, ...claims }, DEVELOPMENT_KEY);
}

/** The value of one series, 0 if the node does not export it. */
export async function metric(node: TestNode, series: string): Promise<number> {
  const text = await (await fetch(`${node.operations}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

/** The values of all series of one metric, by label text. */
export async function seriesOf(node: TestNode, name: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${node.operations}/metrics`)).text();
  const series = text.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)$`, "gm"));
  return Object.fromEntries([...series].map(([, labels = "", value]) => [labels, Number(value)]));
}
