import { randomUUID } from "node:crypto";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { streamName } from "@tidegate/broker";
import { createLogger, createMetrics, type Tracing } from "@tidegate/runtime";
import { connectPlainNats, plainNatsHeaders } from "@tidegate/testkit";
import type { DeliveryOptions } from "../src/delivery/delivery-options.ts";
import type { Endpoint } from "../src/endpoints/endpoint.ts";
import { EndpointSeal } from "../src/endpoints/endpoint-seal.ts";
import { newEndpointId } from "../src/endpoints/endpoint-store.ts";
import { eventSource, namespaceSource } from "../src/expansion/expansion-source.ts";
import { WEBHOOK_METRICS } from "../src/metrics.ts";
import { provisionWebhooks } from "../src/queue/provision-webhooks.ts";
import { openWebhookLink } from "../src/queue/webhook-link.ts";
import { KeyRing } from "../src/sealing/key-ring.ts";
import { AddressPolicy } from "../src/ssrf/address-policy.ts";
import { guardedAgent } from "../src/ssrf/guarded-agent.ts";
import { systemResolve } from "../src/ssrf/resolver.ts";
import { WebhookEngine } from "../src/webhook-engine.ts";
import { WebhookInstruments } from "../src/webhook-instruments.ts";
import { WebhookNames } from "../src/webhook-names.ts";

export const RETENTION = {
  replicas: 1,
  messagesMs: 3_600_000,
  attemptsMs: 3_600_000,
  deadLettersMs: 3_600_000,
  maxBytes: 100_000_000,
};

export const DELIVERY: DeliveryOptions = {
  retryPausesMs: [100, 100, 100],
  maxRetryAfterMs: 5_000,
  keepMessagesMs: RETENTION.messagesMs,
  timeoutMs: 2_000,
  connectTimeoutMs: 1_000,
  responseBytes: 64,
  breakerFailures: 5,
  breakerFirstPauseMs: 300,
  breakerLongestPauseMs: 1_000,
  disableAfterMs: 86_400_000,
  cacheBytes: 1_000_000,
};

export interface EngineOptions {
  readonly prefix: string;
  readonly namespaces?: readonly string[];
  readonly delivery?: Partial<DeliveryOptions>;
  readonly replicas?: number;
  readonly secretKeys?: readonly string[];
  readonly allowNetworks?: readonly string[];
  readonly tracing?: Tracing;
  readonly now?: () => number;
}

/** Long enough for a busy machine, and short enough to wait for. */
const TAKEOVER = { tasksMs: 3_000, streamsMs: 2_000 };

/** An engine on a NATS server, as a service would run it. */
export async function startEngine(natsUrl: string, options: EngineOptions) {
  const { prefix, namespaces = ["shop"], allowNetworks = ["127.0.0.0/8"], now = Date.now } = options;
  const { secretKeys, replicas = 1, tracing } = options;
  const names = new WebhookNames(prefix, 2);
  const nats = await connectPlainNats(natsUrl);
  await provisionWebhooks(nats, names, { ...RETENTION, replicas });
  const link = await openWebhookLink(nats, names);
  const addresses = new AddressPolicy(allowNetworks);
  const delivery = { ...DELIVERY, ...options.delivery };
  const agent = guardedAgent({
    addresses,
    resolve: systemResolve(),
    connectTimeoutMs: delivery.connectTimeoutMs,
  });
  const logger = createLogger({ name: "webhooks", level: "warn", pretty: false });
  const { metrics, exposition } = createMetrics(WEBHOOK_METRICS);
  const engine = new WebhookEngine({
    link,
    sources: [...namespaces.map((namespace) => namespaceSource(names, namespace)), eventSource(names)],
    owner: randomUUID(),
    delivery,
    seal: new EndpointSeal(secretKeys === undefined ? undefined : new KeyRing(secretKeys)),
    urls: { allowHttp: true, ports: [], addresses },
    agent,
    instruments: new WebhookInstruments(metrics, logger),
    tracing,
    takeover: TAKEOVER,
    now,
    random: Math.random,
  });
  await engine.start();
  return {
    engine,
    link,
    names,
    exposition,
    /** Ends as a process does that is killed: nothing is given back, and nothing that is under way comes to its end. */
    kill: async () => {
      await nats.close();
      await agent.destroy();
      engine.close();
    },
    [Symbol.asyncDispose]: async () => {
      await engine.drain();
      engine.close();
      await agent.destroy();
      await nats.close();
    },
  };
}

/** A backend that publishes, with plain NATS alone. */
export async function startBackend(
  natsUrl: string,
  prefix: string,
  namespaces: readonly string[] = ["shop"],
  replicas = 1,
) {
  const nats = await connectPlainNats(natsUrl);
  const jsm = await jetstreamManager(nats);
  for (const namespace of namespaces) {
    await jsm.streams.add({
      name: streamName(prefix, namespace),
      subjects: [`${prefix}.${namespace}`, `${prefix}.${namespace}.>`],
      allow_direct: true,
      num_replicas: replicas,
    });
  }
  const js = jetstream(nats);
  return {
    nats,
    publish: async (channel: string, payload: string | Uint8Array, event?: string) => {
      const headers = event === undefined ? {} : { headers: plainNatsHeaders({ "Tidegate-Event": event }) };
      return (await js.publish(`${prefix}.${channel}`, payload, headers)).seq;
    },
    [Symbol.asyncDispose]: () => nats.close(),
  };
}

export function makeEndpoint(url: string, part: Partial<Endpoint> = {}): Endpoint {
  return {
    id: newEndpointId(),
    url,
    description: "",
    channels: ["shop.>"],
    events: [],
    payload: "raw",
    ordering: "none",
    concurrency: 4,
    ratePerSecond: 0,
    headers: {},
    paused: false,
    secrets: [{ value: `whsec_${Buffer.alloc(24, 1).toString("base64")}`, createdAt: 0 }],
    createdAt: 0,
    updatedAt: 0,
    ...part,
  };
}
