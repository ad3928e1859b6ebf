import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { createTokenVerifier, productionKeyProblems, type TokenVerifierOptions } from "@tidegate/auth";
import { connectBroker, resolveBrokerOptions } from "@tidegate/broker";
import {
  createMetrics,
  type Logger,
  type MetricsExposition,
  Readiness,
  type ReadinessSource,
  type RunningService,
  startOperationsServer,
  startTracing,
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
/** What the names of connections in NATS and the ids of clients have room for. */
const MOST_NAME_LENGTH = 64;

/** What a node that is one of several behind one port does not have to itself. */
export interface SharedPlace {
  /** The node's name. */
  readonly node: string;
  /** Instead of an operations server: shows its metrics and readiness elsewhere, until the returned function is called. */
  readonly report: (metrics: MetricsExposition, readiness: ReadinessSource) => () => void;
}

export interface StartedGateway extends RunningService {
  readonly port: number;
  /** `undefined` for one of several, which has no operations server of its own. */
  readonly operationsPort: number | undefined;
  /** Resolves if the link to NATS ended for good: the node can do nothing more and should exit. */
  readonly failed: Promise<Error>;
}

/**
 * The name of a node. `index` is its place among several on one host; a process that replaces another there gets its name.
 */
export function nodeNameOf(settings: GatewaySettings, index?: number): string {
  const name = settings.node.name ?? `${hostname()}-${process.pid}`.replace(/[^A-Za-z0-9_-]/g, "-");
  const suffix = index === undefined ? "" : `-${index}`;
  return `${name.slice(-MOST_NAME_LENGTH + suffix.length)}${suffix}`;
}

/**
 * Starts a node: operations server first, so that probes are answered from the beginning; then keys, NATS, and the
 * port for clients last. With a shared `place`, that port is one which others listen on, too, and must not be 0.
 *
 * @throws GatewayError, AuthError, BrokerError or RuntimeError, with what to change.
 */
export async function startGateway(
  settings: GatewaySettings,
  logger: Logger,
  signal: AbortSignal,
  place?: SharedPlace,
): Promise<StartedGateway> {
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
    return await open(settings, logger, signal, place, verifying, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function open(
  settings: GatewaySettings,
  logger: Logger,
  signal: AbortSignal,
  place: SharedPlace | undefined,
  verifying: TokenVerifierOptions,
  opened: ClosingOrder,
): Promise<StartedGateway> {
  const node = place?.node ?? nodeNameOf(settings);
  const { metrics, exposition, close: closeMetrics } = createMetrics(GATEWAY_METRICS, { process: true });
  opened.add(() => closeMetrics());
  const readiness = new Readiness(["nats", "listening"]);
  const operationsPort = await openOperations(settings, exposition, readiness, place, opened);
  const tracing = await startTracing(
    settings.tracing,
    { service: "tidegate-gateway", instance: node },
    logger,
  );
  opened.add(() => tracing?.close());
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
    admission: settings.admission,
    events: settings.events,
    policies: new NamespacePolicies(namespacePolicies(settings.namespaces)),
    origins: new OriginPolicy(settings.origins.allow),
    cookieName: settings.auth.cookieName,
    verifier,
    broker,
    metrics,
    tracing,
    logger,
  });
  opened.add(() => gateway.stop());
  const { listen, limits, ping } = settings;
  const server = await startUwsServer({
    ...listen,
    ...limits,
    ping,
    gateway,
    logger,
    shared: place !== undefined,
  });
  opened.add(() => server.close());
  readiness.condition("listening").pass();
  // Of several, the supervisor says when they all listen, and where.
  logger.info(
    { node, port: server.port, operationsPort },
    place === undefined ? "listening" : "a node listens",
  );

  return {
    port: server.port,
    operationsPort,
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

/** Makes metrics and readiness visible; returns the port if there is one. */
async function openOperations(
  settings: GatewaySettings,
  metrics: MetricsExposition,
  readiness: ReadinessSource,
  place: SharedPlace | undefined,
  opened: ClosingOrder,
): Promise<number | undefined> {
  if (place !== undefined) {
    opened.add(place.report(metrics, readiness));
    return undefined;
  }
  const { host, port } = settings.operations;
  const operations = await startOperationsServer({ host, port, metrics, readiness });
  opened.add(() => operations.close());
  return operations.port;
}
