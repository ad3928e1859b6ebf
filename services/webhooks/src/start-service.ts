import { hostname } from "node:os";
import { createTokenVerifier, productionKeyProblems, verifierOptionsOf } from "@tidegate/auth";
import { brokerOptionsOf } from "@tidegate/broker";
import {
  createMetrics,
  type Logger,
  Readiness,
  type RunningService,
  startOperationsServer,
  startTracing,
} from "@tidegate/runtime";
import {
  type Authorize,
  HOOK_METRICS,
  openNatsLink,
  startHooks,
  startWebhooks,
  WEBHOOK_METRICS,
  type WebhookServiceSettings,
  WebhooksError,
} from "@tidegate/webhooks";
import { authorizeByGrants } from "./authorize-by-grants.ts";

const METRICS = { ...HOOK_METRICS, ...WEBHOOK_METRICS };

/** For what is still on its way to NATS when the process ends. */
const FLUSH_MS = 2_000;

export interface StartedService extends RunningService {
  readonly operationsPort: number;
  /** Of `/hooks`; undefined without sources. */
  readonly hooksPort: number | undefined;
  /** Of `/v1/webhooks`; undefined without algorithms of tokens, and then nothing goes out. */
  readonly apiPort: number | undefined;
  /** Resolves if the link to NATS ended for good: the process can do nothing more and should exit. */
  readonly failed: Promise<Error>;
}

/**
 * Starts a webhook process: operations server first, so that probes are answered from the beginning; then NATS, and the ports
 * last.
 *
 * @throws WebhooksError, BrokerError or RuntimeError, with what to change.
 */
export async function startService(
  settings: WebhookServiceSettings,
  logger: Logger,
  signal: AbortSignal,
): Promise<StartedService> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const { metrics, exposition, close: closeMetrics } = createMetrics(METRICS, { process: true });
    closers.push(closeMetrics);
    const readiness = new Readiness(["nats", "listening"]);
    const operations = await startOperationsServer({
      ...settings.operations,
      metrics: exposition,
      readiness,
    });
    closers.push(() => operations.close());

    const node = settings.node.name ?? defaultName();
    const tracing = await startTracing(
      settings.tracing,
      { service: "tidegate-webhooks", instance: node },
      logger,
    );
    closers.push(() => tracing?.close());
    const link = await openNatsLink(brokerOptionsOf(settings.nats, node), signal);
    closers.push(() => link.close(FLUSH_MS));
    const nats = readiness.condition("nats");
    nats.pass();
    link.onState((state) => {
      logger[state === "disconnected" ? "warn" : "info"]({ state }, "the link to NATS changed");
      if (state === "connected") nats.pass();
      else nats.fail(`the link to NATS is ${state}`);
    });

    const hooks =
      settings.hooks.sources === undefined
        ? undefined
        : await startHooks({
            settings: settings.hooks,
            channelPrefix: settings.subjects.prefix,
            mode: settings.mode,
            nats: link.nats,
            isConnected: () => link.connected,
            metrics,
            tracing,
            logger,
          });
    const authorize = await authorizeWith(settings, closers);
    const webhooks =
      authorize === undefined
        ? undefined
        : await startWebhooks({
            settings: settings.webhooks,
            channelPrefix: settings.subjects.prefix,
            nats: link.nats,
            authorize,
            metrics,
            tracing,
            logger,
          });
    closers.push(() => webhooks?.close());
    readiness.condition("listening").pass();
    const ports = { hooksPort: hooks?.port, apiPort: webhooks?.port, operationsPort: operations.port };
    logger.info(ports, "listening");
    return {
      ...ports,
      failed: link.failed,
      drain: async () => {
        readiness.drain();
        await Promise.all([hooks?.drain(), webhooks?.drain()]);
      },
      // In the reverse order of their start: the operations server answers probes to the very end.
      stop: close,
      pending: () => ({ hooks: hooks?.pending ?? 0, deliveries: webhooks?.pending ?? 0 }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @returns undefined if no tokens are accepted. */
async function authorizeWith(
  settings: WebhookServiceSettings,
  closers: (() => void)[],
): Promise<Authorize | undefined> {
  const { algorithms } = settings.auth;
  if (algorithms === undefined) return undefined;
  const options = verifierOptionsOf({ ...settings.auth, algorithms }, settings.mode);
  const weak = settings.mode === "production" ? productionKeyProblems(options) : [];
  if (weak.length > 0) throw new WebhooksError("invalid", `not fit for production: ${weak.join("; ")}`);
  const verifier = await createTokenVerifier(options);
  closers.push(() => verifier.close());
  return authorizeByGrants(verifier);
}

function defaultName(): string {
  return `${hostname()}-${process.pid}`.replace(/[^A-Za-z0-9_-]/g, "-").slice(-64);
}
