import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { createTokenVerifier, productionKeyProblems, type TokenVerifierOptions } from "@tidegate/auth";
import { connectBroker, resolveBrokerOptions } from "@tidegate/broker";
import {
  createMetrics,
  type Logger,
  Readiness,
  type RunningService,
  startOperationsServer,
} from "@tidegate/runtime";
import { ClosingOrder } from "./closing-order.ts";
import { Gateway } from "./gateway.ts";
import { GatewayError } from "./gateway-error.ts";
import { GATEWAY_METRICS } from "./metrics.ts";
import { NamespacePolicies } from "./namespace-policies.ts";
import { OriginPolicy } from "./origin-policy.ts";
import { brokerOptions } from "./settings/broker-options.ts";
import type { GatewaySettings } from "./settings/gateway-settings.ts";
import { namespacePolicies } from "./settings/namespace-schema.ts";
import { verifierOptions } from "./settings/verifier-options.ts";
import { reportStreams } from "./stream-reports.ts";
import { startUwsServer } from "./uws/uws-server.ts";

/**
 * Left between the last goodbye and the end of the sockets, for a round trip. A socket that is cut while its client still
 * sends is reset, and then the client never sees the code that it was closed with.
 */
const FAREWELL_MS = 500;

export interface StartedGateway extends RunningService {
  readonly port: number;
  readonly operationsPort: number;
  /** Resolves if the link to NATS ended for good: the node can do nothing more and should exit. */
  readonly failed: Promise<Error>;
}

/**
 * Starts a node: operations server first, so that probes are answered from the beginning; then keys, NATS, and the
 * port for clients last.
 *
 * @throws GatewayError, AuthError, BrokerError or RuntimeError, with what to change.
 */
export async function startGateway(
  settings: GatewaySettings,
  logger: Logger,
  signal: AbortSignal,
): Promise<StartedGateway> {
  const node = settings.node.name ?? defaultNodeName();
  const verifying = verifierOptions(settings);
  const weak = settings.mode === "production" ? productionKeyProblems(verifying) : [];
  if (weak.length > 0) {
    throw new GatewayError("configuration_invalid", `not fit for production: ${weak.join("; ")}`);
  }
  if (settings.mode === "production" && settings.auth.audience === undefined) {
    logger.warn("auth.audience is not set: tokens that the issuer made for other services are accepted too");
  }
  const opened = new ClosingOrder();
  try {
    return await open(settings, logger, signal, node, verifying, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function open(
  settings: GatewaySettings,
  logger: Logger,
  signal: AbortSignal,
  node: string,
  verifying: TokenVerifierOptions,
  opened: ClosingOrder,
): Promise<StartedGateway> {
  const { metrics, exposition, close: closeMetrics } = createMetrics(GATEWAY_METRICS, { process: true });
  opened.add(() => closeMetrics());
  const readiness = new Readiness(["nats", "listening"]);
  const { host, port } = settings.operations;
  const operations = await startOperationsServer({ host, port, metrics: exposition, readiness });
  opened.add(() => operations.close());
  const verifier = await createTokenVerifier(verifying);
  opened.add(() => verifier.close());

  const onError = (error: Error): void => logger.error({ err: error }, "the broker reported an error");
  const broker = await connectBroker(
    resolveBrokerOptions({ ...brokerOptions(settings, node), onError }),
    signal,
  );
  opened.add(() => broker.drain());
  const nats = readiness.condition("nats");
  nats.pass();
  broker.onState((state) => {
    // A node that drains closes the link itself.
    const level = state === "disconnected" ? "warn" : "info";
    logger[level]({ state }, "the link to NATS changed");
    if (state === "connected") nats.pass();
    else nats.fail(`the link to NATS is ${state}`);
  });

  reportStreams(broker, metrics, logger);

  const gateway = new Gateway({
    node,
    limits: settings.limits,
    ping: settings.ping,
    drain: settings.drain,
    http: settings.http,
    policies: new NamespacePolicies(namespacePolicies(settings.namespaces)),
    origins: new OriginPolicy(settings.origins.allow),
    cookieName: settings.auth.cookieName,
    verifier,
    broker,
    metrics,
    logger,
  });
  opened.add(() => gateway.stop());
  const { listen, limits, ping } = settings;
  const server = await startUwsServer({ ...listen, ...limits, ping, gateway, logger });
  opened.add(() => server.close());
  readiness.condition("listening").pass();
  logger.info({ node, port: server.port, operationsPort: operations.port }, "listening");

  return {
    port: server.port,
    operationsPort: operations.port,
    failed: broker.closed.then((error) => error ?? new Promise<Error>(() => {})),
    drain: async (deadline) => {
      readiness.drain();
      server.stopAccepting();
      const { connections } = gateway;
      logger.info({ connections }, "draining");
      await gateway.drain(deadline);
      if (connections > 0) {
        await delay(FAREWELL_MS, undefined, { signal: deadline }).catch(() => {});
      }
      server.close();
    },
    // In the reverse order of their start: the operations server answers probes to the very end.
    stop: () => opened.close(),
    pending: () => ({ connections: gateway.connections }),
  };
}

function defaultNodeName(): string {
  return `${hostname()}-${process.pid}`.replace(/[^A-Za-z0-9_-]/g, "-").slice(-64);
}
