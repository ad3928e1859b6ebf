import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import {
  connectPlainNats,
  freePort,
  type Haproxy,
  locateHaproxy,
  type NatsConnection,
  type Nginx,
  type NodeProcess,
  type OwnNatsServer,
  openClient,
  readEnvironment,
  runCommand,
  spawnNode,
  startHaproxy,
  startNats,
  startNginx,
  waitUntil,
} from "@tidegate/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const CONFIG = readFileSync(join(ROOT, "deploy/docker/haproxy.cfg"), "utf8");
const NGINX_LOCATION = readFileSync(join(ROOT, "deploy/docker/nginx-location.conf"), "utf8");
/** Where haproxy is neither installed nor in the cache, it is downloaded first; several processes start. */
const START_TIMEOUT_MS = 5 * 60_000;
const START_PATIENCE_MS = 30_000;
const CHECK_TIMEOUT_MS = 15_000;

let nats: OwnNatsServer;
let backend: NatsConnection;
let gateways: readonly {
  readonly process: NodeProcess;
  readonly port: number;
  readonly operations: number;
}[];
let haproxy: Haproxy;
let nginx: Nginx;
/** Host and port of each proxy. */
let addresses: { readonly HAProxy: string; readonly nginx: string };
let token: string;

beforeAll(async () => {
  nats = await startNats({ own: true });
  const [first, second] = await Promise.all([startGateway("n1"), startGateway("n2"), connect()]);
  gateways = [first, second];
  token = await mintToken(
    { sub: "ada", grants: { subscribe: ["chat.>"], publish: ["chat.>"] }, expiresInSeconds: 600 },
    DEVELOPMENT_KEY,
  );
  const operations = await freePort();
  haproxy = await startHaproxy({ configFor: (clients) => onLoopback(CONFIG, clients, operations) });
  const upstreamPorts = gateways.map(({ port }) => port);
  nginx = await startNginx({ upstreamPorts, locationConfig: NGINX_LOCATION });
  addresses = { HAProxy: `127.0.0.1:${haproxy.port}`, nginx: new URL(nginx.url).host };
  // The check of the container: there is a gateway that is ready.
  await waitUntil(() => answers(`http://127.0.0.1:${operations}/healthz`, 200), {
    timeoutMs: START_PATIENCE_MS,
  });
}, START_TIMEOUT_MS);

afterAll(async () => {
  await haproxy?.stop();
  await nginx?.stop();
  for (const { process } of gateways ?? []) await process.stop("SIGKILL");
  await backend?.close();
  await nats?.stop();
});

async function connect(): Promise<void> {
  backend = await connectPlainNats(nats.url);
}

async function startGateway(name: string) {
  const process = await spawnNode(join(ROOT, "services/gateway/src/main.ts"), {
    env: {
      TIDEGATE_NODE_NAME: name,
      TIDEGATE_MODE: "development",
      TIDEGATE_NATS_SERVERS: nats.url,
      TIDEGATE_LISTEN_PORT: "0",
      TIDEGATE_LISTEN_FORWARDED_HOPS: "1",
      TIDEGATE_OPERATIONS_PORT: "0",
      TIDEGATE_AUTH_ALGORITHMS: "HS256",
      TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
      TIDEGATE_NAMESPACES: '{"chat":{"publish":"direct"}}',
      TIDEGATE_DRAIN_WINDOW_MS: "1s",
    },
  });
  const line = await process.waitForLine('"listening"', START_PATIENCE_MS);
  const { port, operationsPort } = JSON.parse(line) as { port: number; operationsPort: number };
  return { process, port, operations: operationsPort };
}

/** The file as it is but for addresses: here are no containers, and no DNS server that knows them. */
function onLoopback(config: string, clients: number, operations: number): string {
  const servers = gateways.map(
    ({ port, operations: checked }, index) =>
      `  server gateway-${index} 127.0.0.1:${port} check port ${checked} inter 200ms`,
  );
  return replaced(config, [
    // More open files than a machine of development may allow.
    ["maxconn 30000", "maxconn 1000"],
    ["bind :8080", `bind 127.0.0.1:${clients}`],
    ["bind :8404", `bind 127.0.0.1:${operations}`],
    [" resolvers docker init-addr none", ""],
    ["  server-template gateway- 10 gateway:8080", servers.join("\n")],
    // Nobody is there, which has to be said.
    ["  server-template webhooks- 3 webhooks:8090", "  server webhooks-0 127.0.0.1:9 disabled"],
  ]);
}

function replaced(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((changed, [before, after]) => {
    if (!changed.includes(before)) throw new TypeError(`there is no ${before}`);
    return changed.replaceAll(before, after);
  }, text);
}

async function answers(url: string, status: number): Promise<boolean> {
  return await fetch(url).then(
    async (response) => {
      await response.body?.cancel();
      return response.status === status;
    },
    () => false,
  );
}

function wsClient(address: string) {
  return openClient<Readonly<Record<string, unknown>>>(
    `ws://${address}/v1/ws?channels=chat.lobby&access_token=${token}`,
  );
}

it("takes the file as it is", async () => {
  const file = join(ROOT, "deploy/docker/haproxy.cfg");
  const lines: string[] = [];
  await runCommand(await locateHaproxy(), ["-c", "-f", file], {
    env: readEnvironment(),
    timeoutMs: CHECK_TIMEOUT_MS,
    onLine: (line) => lines.push(line),
  });
  expect(lines.filter((line) => /warning|alert/i.test(line))).toStrictEqual([]);
});

/** WebSockets that each gateway has had. */
async function openedCounts(): Promise<readonly number[]> {
  return await Promise.all(
    gateways.map(async ({ operations }) => {
      const text = await (await fetch(`http://127.0.0.1:${operations}/metrics`)).text();
      return Number(
        /^tidegate_connections_opened_total\{transport="websocket"\} (\d+)/m.exec(text)?.[1] ?? 0,
      );
    }),
  );
}

it.each(["HAProxy", "nginx"] as const)(
  "%s passes on WebSockets, event streams and requests as they come",
  async (name) => {
    const address = addresses[name];
    const before = await openedCounts();
    const clients = [wsClient(address), wsClient(address)];
    for (const client of clients) {
      await client.opened;
      await client.next("subscribed");
    }
    const stream = await fetch(`http://${address}/v1/sse?channels=chat.lobby&access_token=${token}`);
    expect(stream.status).toBe(200);
    const reader = stream.body?.getReader();
    if (reader === undefined) throw new TypeError("an answer without a body");
    const decoder = new TextDecoder();
    let heard = "";
    const until = async (text: string): Promise<void> => {
      while (!heard.includes(text)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended after ${heard}`);
        heard += decoder.decode(value, { stream: true });
      }
    };
    // One small message with nothing behind it: a proxy that held back would keep it.
    backend.publish("rt.chat.lobby", '"through the proxy"');
    await until("through the proxy");
    for (const client of clients)
      expect(await client.next("message")).toMatchObject({ data: "through the proxy" });

    const published = await fetch(`http://${address}/v1/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ channel: "chat.lobby", data: "over HTTP" }),
    });
    expect(published.ok).toBe(true);
    await until("over HTTP");
    await reader.cancel();

    const added = (await openedCounts()).map((count, index) => count - (before[index] ?? 0));
    expect(added.reduce((sum, count) => sum + count)).toBe(2);
    // Who has the fewest gets the next.
    if (name === "HAProxy") expect(added).toStrictEqual([1, 1]);
    for (const client of clients) await client.close();
  },
);

it("lets nobody reach more than what is for clients", async () => {
  const address = addresses.HAProxy;
  for (const path of ["/", "/metrics", "/readyz", "/v1", "/v2/ws"])
    expect(await answers(`http://${address}${path}`, 404), path).toBe(true);
  expect(await answers(`http://${address}/hooks/example`, 503)).toBe(true);
});

it("sends nobody to a gateway that drains, and keeps tokens out of its log", async () => {
  const [leaving] = gateways;
  leaving?.process.signal("SIGTERM");
  await leaving?.process.exited;
  const client = wsClient(addresses.HAProxy);
  await client.opened;
  await client.next("subscribed");
  await client.close();
  await waitUntil(() => haproxy.lines.some((line) => line.includes("GET /v1/ws 101")));
  expect(haproxy.lines.join("\n")).not.toContain(token);
  expect(haproxy.lines.join("\n")).not.toContain("access_token");
});
