import { hostname } from "node:os";
import {
  createMetrics,
  type Logger,
  Readiness,
  type RunningService,
  startOperationsServer,
} from "@tidegate/runtime";
import {
  HOOK_METRICS,
  natsOptions,
  openNatsLink,
  startHooks,
  type WebhookServiceSettings,
} from "@tidegate/webhooks";

/** For what is still on its way to NATS when the process ends. */
const FLUSH_MS = 2_000;

export interface StartedService extends RunningService {
  readonly operationsPort: number;
  /** Of `/hooks`; undefined without sources. */
  readonly hooksPort: number | undefined;
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
    const { metrics, exposition, close: closeMetrics } = createMetrics(HOOK_METRICS, { process: true });
    closers.push(closeMetrics);
    const readiness = new Readiness(["nats", "listening"]);
    const operations = await startOperationsServer({
      ...settings.operations,
      metrics: exposition,
      readiness,
    });
    closers.push(() => operations.close());

    const link = await openNatsLink(natsOptions(settings, settings.node.name ?? defaultName()), signal);
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
            logger,
          });
    readiness.condition("listening").pass();
    logger.info({ hooksPort: hooks?.port, operationsPort: operations.port }, "listening");
    return {
      operationsPort: operations.port,
      hooksPort: hooks?.port,
      failed: link.failed,
      drain: async () => {
        readiness.drain();
        await hooks?.drain();
      },
      // In the reverse order of their start: the operations server answers probes to the very end.
      stop: close,
      pending: () => ({ hooks: hooks?.pending ?? 0 }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function defaultName(): string {
  return `${hostname()}-${process.pid}`.replace(/[^A-Za-z0-9_-]/g, "-").slice(-64);
}
