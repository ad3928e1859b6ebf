import { randomUUID } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import { streamName } from "@tidegate/broker";
import type { Logger, Tracing } from "@tidegate/runtime";
import { SEALINGS } from "./endpoints/endpoint.ts";
import { EndpointSeal } from "./endpoints/endpoint-seal.ts";
import { eventSource, namespaceSource } from "./expansion/expansion-source.ts";
import { activityRoutes } from "./http-api/activity-routes.ts";
import type { Authorize } from "./http-api/api-caller.ts";
import { historyMissing } from "./http-api/api-context.ts";
import { startApiServer } from "./http-api/api-server.ts";
import { endpointRoutes } from "./http-api/endpoint-routes.ts";
import { replayRoutes } from "./http-api/replay-routes.ts";
import { secretRoutes } from "./http-api/secret-routes.ts";
import { WebhookApi } from "./http-api/webhook-api.ts";
import type { Clock } from "./queue/clock.ts";
import { provisionWebhooks } from "./queue/provision-webhooks.ts";
import { streamExists } from "./queue/stream-exists.ts";
import { openWebhookLink } from "./queue/webhook-link.ts";
import { Replays } from "./replay/replays.ts";
import { KeyRing } from "./sealing/key-ring.ts";
import { AddressPolicy } from "./ssrf/address-policy.ts";
import { guardedAgent } from "./ssrf/guarded-agent.ts";
import { dnsResolve, systemResolve } from "./ssrf/resolver.ts";
import { WebhookEngine } from "./webhook-engine.ts";
import type { WebhookMetrics } from "./webhook-instruments.ts";
import { WebhookInstruments } from "./webhook-instruments.ts";
import { WebhookNames } from "./webhook-names.ts";
import type { WebhookSettings } from "./webhook-settings.ts";

export interface StartWebhooksOptions {
  readonly settings: WebhookSettings;
  /** `rt`: channels are subjects below it. */
  readonly channelPrefix: string;
  /** Stays the caller's, who closes it after the drain. */
  readonly nats: NatsConnection;
  readonly authorize: Authorize;
  readonly metrics: WebhookMetrics;
  /** `undefined`: no spans. */
  readonly tracing?: Tracing | undefined;
  readonly logger: Logger;
  /** Unix milliseconds; `Date.now` by default. */
  readonly now?: Clock | undefined;
}

export interface StartedWebhooks {
  /** Of the API. */
  readonly port: number;
  /** Deliveries that this process has taken and not finished. */
  readonly pending: number;
  /** Closes the API, ends the attempts that are under way, and gives everything else back to NATS. Idempotent. */
  drain(): Promise<void>;
  /** Drops what is still under way. After the drain, or instead of it. */
  close(): Promise<void>;
}

const BREAKER_FIRST_PAUSE_MS = 5_000;
const BREAKER_LONGEST_PAUSE_MS = 300_000;

/**
 * Starts outgoing webhooks: makes the streams, reads the endpoints, begins to deliver, and opens the API last.
 *
 * @throws WebhooksError `invalid` for a network that is none, or two keys with one id, `unavailable` for a port that cannot be had; errors of NATS for streams
 *   that cannot be made.
 */
export async function startWebhooks(options: StartWebhooksOptions): Promise<StartedWebhooks> {
  const { settings, channelPrefix, nats, authorize, metrics, tracing, logger, now = Date.now } = options;
  const { allowHttp, allowNetworks, connectTimeoutMs, namespaces } = settings;
  const addresses = new AddressPolicy(allowNetworks);
  const { secretKeys } = settings;
  const seal = new EndpointSeal(secretKeys === undefined ? undefined : new KeyRing(secretKeys));
  if (secretKeys === undefined) {
    logger.warn("webhooks.secretKeys is not given: secrets of endpoints are stored in the clear");
  }
  const names = new WebhookNames(channelPrefix, settings.shards);
  await provisionWebhooks(nats, names, {
    replicas: settings.replicas,
    messagesMs: settings.keepMessagesMs,
    attemptsMs: settings.keepAttemptsMs,
    deadLettersMs: settings.keepDeadLettersMs,
    maxBytes: settings.maxBytes,
  });
  const link = await openWebhookLink(nats, names);
  const resolve = settings.resolver === "dns" ? dnsResolve() : systemResolve();
  const agent = guardedAgent({ addresses, resolve, connectTimeoutMs });
  const instruments = new WebhookInstruments(metrics, logger);
  const ports = settings.ports.includes(0) ? [] : settings.ports;
  const urls = { allowHttp, ports, addresses };
  const engine = new WebhookEngine({
    link,
    sources: [...namespaces.map((namespace) => namespaceSource(names, namespace)), eventSource(names)],
    owner: randomUUID(),
    delivery: {
      ...settings,
      breakerFirstPauseMs: BREAKER_FIRST_PAUSE_MS,
      breakerLongestPauseMs: BREAKER_LONGEST_PAUSE_MS,
    },
    seal,
    urls,
    agent,
    instruments,
    tracing,
    now,
    random: Math.random,
  });
  const { messages, queue, attempts, deadLetters } = engine;
  const replays = new Replays({ link, messages, queue, attempts, deadLetters, now });
  const rules = { urls, namespaces: [...namespaces, names.eventNamespace] };
  const keepsHistory = (namespace: string) =>
    namespace === names.eventNamespace
      ? Promise.resolve(true)
      : streamExists(link.jsm, streamName(channelPrefix, namespace));
  const context = { engine, replays, rules, keepsHistory, now };
  const api = new WebhookApi({
    routes: [
      ...endpointRoutes(context),
      ...secretRoutes(context),
      ...activityRoutes(context),
      ...replayRoutes(context),
    ],
    authorize,
    onAnswer: (status) => metrics.apiRequests.child({ status: `${Math.floor(status / 100)}xx` }).inc(),
    onError: (error) => logger.error({ err: error }, "a request to the webhook API failed"),
  });
  const close = async (): Promise<void> => {
    engine.close();
    await agent.destroy();
  };
  try {
    await engine.start();
    for (const namespace of namespaces) {
      if (await keepsHistory(namespace)) continue;
      // Whoever starts everything at once makes the streams a moment later, and then it is delivered.
      logger.warn({ namespace }, historyMissing(namespace));
    }
    metrics.endpoints.fromFunction(() => engine.directory.size);
    for (const sealing of SEALINGS) {
      metrics.endpointSecrets.fromFunction(() => engine.directory.countOf(sealing), { sealing });
    }
    metrics.consumersRefused.fromFunction(() => instruments.refusedConsumers);
    metrics.running.fromFunction(() => engine.lanes.running);
    metrics.held.fromFunction(() => engine.held);
    metrics.breakersOpen.fromFunction(() => engine.lanes.openBreakers);
    const server = await startApiServer(api, settings);
    return {
      port: server.port,
      get pending() {
        return engine.held;
      },
      drain: async () => {
        await Promise.all([server.close(), engine.drain()]);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
