import { freePort, type OwnNatsServer, startNats, waitUntil } from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";

/** The NATS servers of a run. */
export interface NatsLayout {
  readonly servers: readonly OwnNatsServer[];
  /** Where clients connect: all servers, separated by commas. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface NatsLayoutOptions {
  /** 1, or 3 for a cluster. */
  readonly servers: 1 | 3;
  /** Where each server stores, of as many as there are; default: in directories of their own that are removed with them. */
  readonly storeDirs?: readonly string[];
  /** Whether clients are told of the other servers' addresses; default: they are. */
  readonly advertises?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

const FORM_LIMIT_MS = 30_000;

/** @throws TestkitError if a server does not start or the cluster does not form. */
export async function startNatsLayout({
  servers,
  storeDirs = [],
  advertises = true,
  signal,
  onProgress,
}: NatsLayoutOptions): Promise<NatsLayout> {
  const routePorts = await Promise.all(Array.from({ length: servers }, freePort));
  const starts = await Promise.allSettled(
    routePorts.map((port, index) =>
      startNats({
        own: true,
        monitor: true,
        signal,
        onProgress,
        config: servers === 1 ? "" : clusterConfig(port, routePorts, advertises),
        ...(storeDirs[index] === undefined ? {} : { storeDir: storeDirs[index] }),
      }),
    ),
  );
  const running = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.stop()));
  };
  try {
    for (const start of starts) {
      if (start.status === "rejected") {
        throw start.reason;
      }
    }
    await waitUntil(async () => (await Promise.all(running.map(isHealthy))).every(Boolean), {
      message: "JetStream to be ready",
      timeoutMs: FORM_LIMIT_MS,
      intervalMs: 100,
      signal,
    });
    return { servers: running, url: running.map(({ url }) => url).join(","), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Whether JetStream works on this server, with all that it replicates there. */
export async function isHealthy({ monitorUrl }: OwnNatsServer): Promise<boolean> {
  const response = await fetch(`${monitorUrl}/healthz`, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  return response.status === 200;
}

function clusterConfig(port: number, routePorts: readonly number[], advertises: boolean): string {
  const routes = routePorts.map((route) => `"nats://127.0.0.1:${route}"`).join(", ");
  return `cluster { name: chaos, listen: "127.0.0.1:${port}", routes: [${routes}], no_advertise: ${!advertises} }`;
}

/** The server of that name, of those that run; `undefined` if none has it. */
export async function serverNamed(
  servers: readonly OwnNatsServer[],
  name: string,
): Promise<OwnNatsServer | undefined> {
  for (const server of servers) {
    if (server.pid !== undefined) {
      const response = await fetch(`${server.monitorUrl}/varz`);
      const varz: unknown = await response.json();
      if (typeof varz === "object" && varz !== null && "server_name" in varz && varz.server_name === name) {
        return server;
      }
    }
  }
  return undefined;
}

/**
 * The server that a gateway node is connected to.
 *
 * @throws LoadTestError `server_failed` if none says so.
 */
export async function serverOfNode(servers: readonly OwnNatsServer[], node: string): Promise<OwnNatsServer> {
  for (const server of servers) {
    const response = await fetch(`${server.monitorUrl}/connz`);
    const connz: unknown = await response.json();
    const connections: unknown =
      typeof connz === "object" && connz !== null && "connections" in connz ? connz.connections : [];
    if (Array.isArray(connections) && connections.some(({ name }) => name === node)) {
      return server;
    }
  }
  throw new LoadTestError("server_failed", `no NATS server has a connection of ${node}`);
}
