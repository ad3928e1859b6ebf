import { DEVELOPMENT_KEY } from "@tidegate/auth";
import {
  connectPlainNats,
  type NodeProcess,
  openClient,
  spawnNode,
  startNats,
  waitUntil,
} from "@tidegate/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testToken } from "./open-node.ts";

const MAIN = new URL("../../services/gateway/src/main.ts", import.meta.url);
let nats: Awaited<ReturnType<typeof startNats>>;

beforeAll(async () => {
  nats = await startNats({ own: true });
});

afterAll(async () => {
  await nats?.stop();
});

async function spawnGateway(settings: Readonly<Record<string, string>> = {}): Promise<{
  readonly gateway: NodeProcess;
  readonly url: string;
  readonly operations: string;
}> {
  const gateway = await spawnNode(MAIN, {
    env: {
      TIDEGATE_MODE: "development",
      TIDEGATE_NATS_SERVERS: nats.url,
      TIDEGATE_LISTEN_HOST: "127.0.0.1",
      TIDEGATE_LISTEN_PORT: "0",
      TIDEGATE_OPERATIONS_PORT: "0",
      TIDEGATE_AUTH_ALGORITHMS: "HS256",
      TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
      TIDEGATE_NAMESPACES: '{"chat":{"publish":"direct"}}',
      ...settings,
    },
  });
  const line = await gateway.waitForLine('"listening"');
  const { port, operationsPort } = JSON.parse(line) as { port: number; operationsPort: number };
  return { gateway, url: `ws://127.0.0.1:${port}/v1/ws`, operations: `http://127.0.0.1:${operationsPort}` };
}

test("SIGTERM says goodbye to every client with a hint, answers what is in flight, and exits 0", async () => {
  const { gateway, url, operations } = await spawnGateway({ TIDEGATE_DRAIN_WINDOW_MS: "300" });
  const token = await testToken();
  const clients = Array.from({ length: 40 }, () =>
    openClient(`${url}?channels=chat.a&access_token=${token}`),
  );
  await Promise.all(clients.map((client) => client.next("subscribed")));
  const backend = await connectPlainNats(nats.url);
  const asked = Promise.withResolvers<{ respond: (data: string) => boolean }>();
  backend.subscribe("rpc.demo.slow", { callback: (_error, message) => asked.resolve(message) });
  await backend.flush();
  const [busy] = clients;
  busy?.send({ type: "request", id: 1, method: "demo.slow" });
  const call = await asked.promise;

  gateway.signal("SIGTERM");
  const goodbyes = await Promise.all(clients.map((client) => client.next("draining")));
  for (const goodbye of goodbyes) {
    expect(goodbye).toMatchObject({ reconnect: expect.any(Number) });
  }
  expect((await fetch(`${operations}/readyz`)).status).toBe(503);
  const late = openClient(url);
  expect((await late.handshake).outcome).toBe("failed");
  call.respond('"done"');
  expect(await busy?.next("reply")).toMatchObject({ id: 1, data: "done" });
  const closes = await Promise.all(clients.map((client) => client.closed));
  expect(new Set(closes.map((close) => close.code))).toEqual(new Set([4000]));
  expect(await gateway.exited).toMatchObject({ code: 0 });
  await backend.close();
});

test("a second signal ends it at once", async () => {
  const { gateway, url } = await spawnGateway({
    TIDEGATE_DRAIN_WINDOW_MS: "20000",
    TIDEGATE_DRAIN_DEADLINE_MS: "20000",
  });
  const token = await testToken();
  const clients = Array.from({ length: 3 }, () => openClient(`${url}?access_token=${token}`));
  await Promise.all(clients.map((client) => client.next("connected")));
  gateway.signal("SIGTERM");
  await gateway.waitForLine("draining");
  gateway.signal("SIGINT");
  // Exit code 130, which is how a shell tells of SIGINT.
  expect(await gateway.exited).toMatchObject({ code: null, signal: "SIGINT" });
});

test("a production node refuses the development key, and says so", async () => {
  const gateway = await spawnNode(MAIN, {
    env: {
      TIDEGATE_NATS_SERVERS: nats.url,
      TIDEGATE_AUTH_ALGORITHMS: "HS256",
      TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
      TIDEGATE_OPERATIONS_PORT: "0",
    },
  });
  expect((await gateway.exited).code).toBe(1);
  const output = gateway.lines.map((line) => line.text).join("\n");
  expect(output).toContain("development key");
  expect(output).not.toContain(DEVELOPMENT_KEY.secret);
});

test("--check-config names what is wrong and what to write instead", async () => {
  const gateway = await spawnNode(MAIN, {
    args: ["--check-config"],
    env: { TIDEGATE_LIMITS_FRAME_BYTE: "1", TIDEGATE_AUTH_ALGORITHMS: "none" },
  });
  expect((await gateway.exited).code).toBe(1);
  const output = gateway.lines.map((line) => line.text).join("\n");
  expect(output).toContain("TIDEGATE_LIMITS_FRAME_BYTES");
  expect(output).toContain("TIDEGATE_AUTH_ALGORITHMS");
  await waitUntil(() => gateway.lines.length > 0);
});
