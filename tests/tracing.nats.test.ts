import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mintToken } from "@tidegate/auth";
import {
  GATEWAY_SETTINGS,
  type GatewaySettings,
  parseProvisionArguments,
  provisionStreams,
  startGateway,
} from "@tidegate/gateway";
import { createLogger, loadSettings } from "@tidegate/runtime";
import { type CollectedSpan, startCollector, waitUntil } from "@tidegate/testkit";
import { expect, it } from "vitest";
import { WebhookProcesses } from "./webhooks/webhook-process.ts";

const SECRET = "the secret of the gateway that this test starts, and of nothing else at all";
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

/** A third party's endpoint, which fails once, and the traces that its deliveries came with. */
async function startEndpoint() {
  const traceparents: unknown[] = [];
  const server = createServer((request, response) => {
    request.resume();
    traceparents.push(request.headers["traceparent"]);
    response.writeHead(traceparents.length === 1 ? 503 : 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    traceparents,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function nodeSettings(natsUrl: string, collectorUrl: string): GatewaySettings {
  const loaded = loadSettings(GATEWAY_SETTINGS, {
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl, TIDEGATE_TRACING_ENABLED: "true" },
    fileText: JSON.stringify({
      listen: { host: "127.0.0.1", port: 0 },
      operations: { host: "127.0.0.1", port: 0 },
      admission: { lagMs: 0 },
      drain: { windowMs: "50ms" },
      auth: { algorithms: ["HS256"], secret: SECRET },
      nats: { servers: [natsUrl] },
      namespaces: { shop: { publish: "direct", history: { replicas: 1 } } },
      tracing: { sampleRatio: 1 },
    }),
  });
  if (!loaded.ok) throw new TypeError(JSON.stringify(loaded.problems));
  return loaded.settings;
}

async function startNode(settings: GatewaySettings) {
  const logger = createLogger({ name: "node", level: "silent" });
  const gateway = await startGateway(settings, logger, new AbortController().signal);
  const token = await mintToken(
    { sub: "ada", expiresInSeconds: 600, grants: { publish: ["shop.>"], request: ["demo.>"] } },
    { algorithm: "HS256", secret: SECRET },
  );
  const post = async (path: string, body: object): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        traceparent: TRACEPARENT,
      },
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    return response.status;
  };
  return {
    post,
    [Symbol.asyncDispose]: async () => {
      await gateway.drain(AbortSignal.timeout(2_000));
      await gateway.stop?.();
    },
  };
}

it("follows a client's message to the backend that answers, and another over its stream to a webhook that is tried twice", async () => {
  await using collector = await startCollector();
  await using endpoint = await startEndpoint();
  await using webhooks = await WebhookProcesses.open();
  const settings = nodeSettings(webhooks.server.url, collector.url);
  // As a gateway wants it: the node stores nothing into a stream that shows nobody what it has.
  await webhooks.backend.request("$JS.API.STREAM.DELETE.rt_shop", "");
  const said: string[] = [];
  const output = { say: () => {}, complain: (line: string) => void said.push(line) };
  const parsed = parseProvisionArguments([]);
  if (!parsed.ok) throw new TypeError(parsed.message);
  expect([await provisionStreams(settings, parsed.options, output), said]).toStrictEqual([0, []]);
  const service = await webhooks.start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    TIDEGATE_TRACING_ENABLED: "true",
    TIDEGATE_WEBHOOKS_RETRY_PAUSES_MS: "100ms",
  });
  await service.createEndpoint({ url: endpoint.url, channels: ["shop.>"] });
  const asked: string[] = [];
  webhooks.backend.subscribe("rpc.demo.echo", {
    callback: (_error, message) => {
      asked.push(message.headers?.get("traceparent") ?? "");
      message.respond(message.data);
    },
  });
  await webhooks.backend.flush();
  {
    await using node = await startNode(settings);
    expect(await node.post("/v1/request", { method: "demo.echo", data: 1 })).toBe(200);
    expect(await node.post("/v1/publish", { channel: "shop.orders", data: 1 })).toBe(200);
  }
  await waitUntil(() => endpoint.traceparents.length === 2);
  // A process that ends sends what it holds.
  service.process.signal("SIGTERM");
  await service.process.exited;

  const { spans } = collector;
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  const named = (name: string): readonly CollectedSpan[] => spans.filter((span) => span.name === name);
  const [request] = named("request rpc.demo.echo");
  const [publish] = named("publish shop.>");
  const attempts = named("POST webhook");
  expect(request).toMatchObject({ service: "tidegate-gateway", parentSpanId: PARENT });
  expect(publish).toMatchObject({ service: "tidegate-gateway", parentSpanId: PARENT });
  expect(asked).toStrictEqual([`00-${TRACE}-${request?.spanId}-01`]);
  // Siblings: a retry is not the child of what failed.
  expect(
    attempts.map(({ service: name, parentSpanId, failed }) => [name, parentSpanId, failed]),
  ).toStrictEqual([
    ["tidegate-webhooks", publish?.spanId, true],
    ["tidegate-webhooks", publish?.spanId, false],
  ]);
  expect(endpoint.traceparents).toStrictEqual(attempts.map(({ spanId }) => `00-${TRACE}-${spanId}-01`));
});
