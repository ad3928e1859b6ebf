import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { locateNatsServer } from "./locate-nats-server.ts";
import { NatsCluster } from "./nats-cluster.ts";
import { natsHost } from "./nats-config.ts";
import { type LaunchNatsOptions, launchNats } from "./nats-process.ts";
import { ManagedNatsServer } from "./nats-server.ts";
import { randomPort } from "./random-port.ts";
import { TestkitError } from "./testkit-error.ts";

export interface StartNatsClusterOptions {
  /** Default 3. */
  readonly size?: number;
  /** Configuration text to add to every server, as for `startNats`; without `cluster`. */
  readonly config?: string;
  /** Where PATH is looked up. */
  readonly env?: Environment;
  /** Ends the start; servers that run are not affected. */
  readonly signal?: AbortSignal;
  /** Default 30000. Installing does not count. */
  readonly startTimeoutMs?: number;
}

/** All ports of a cluster have to be free at once. */
const maxAttempts = 10;

/**
 * Starts nats-servers that form one cluster with JetStream, each with a store of its own, on loopback only, and waits until they
 * have found each other and can make streams with as many replicas.
 *
 * They end when this process does, in whatever way that happens, and do not keep it alive.
 *
 * @throws TestkitError as `startNats`; `timeout` if the servers do not find each other.
 */
export async function startNatsCluster(options: StartNatsClusterOptions = {}): Promise<NatsCluster> {
  const { size = 3, env = readEnvironment(), signal, startTimeoutMs = 30_000 } = options;
  const serverPath = await locateNatsServer({ env, ...(signal === undefined ? {} : { signal }) });
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    signal?.throwIfAborted();
    const servers = await launchAll(
      { size, env, signal, startTimeoutMs, config: options.config ?? "" },
      serverPath,
    );
    if (servers === undefined) continue;
    const cluster = new NatsCluster(servers);
    try {
      await cluster.formed(startTimeoutMs);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }
  throw new TestkitError("nats-start-failed", `found no free ports in ${maxAttempts} attempts`);
}

interface LaunchAllOptions {
  readonly size: number;
  readonly config: string;
  readonly env: Environment;
  readonly signal: AbortSignal | undefined;
  readonly startTimeoutMs: number;
}

/** Undefined if one of the ports is taken. */
async function launchAll(
  { size, config, env, signal, startTimeoutMs }: LaunchAllOptions,
  serverPath: string,
): Promise<readonly ManagedNatsServer[] | undefined> {
  const clusterName = `tidegate-${randomBytes(6).toString("hex")}`;
  const members = Array.from({ length: size }, (_, index) => ({
    name: `${clusterName}-${index}`,
    port: randomPort(),
  }));
  const routes = members.map(({ port }) => `nats://${natsHost}:${port}`);
  const launches = members.map(async ({ name, port }) => {
    const workDir = await mkdtemp(join(tmpdir(), "tidegate-nats-"));
    const storeDir = join(workDir, "store");
    await mkdir(storeDir);
    const listen = `host: ${JSON.stringify(natsHost)}, port: ${port}`;
    const launch: LaunchNatsOptions = {
      serverPath,
      env,
      workDir,
      startTimeoutMs,
      signal,
      config: {
        serverName: name,
        port: randomPort(),
        monitorPort: randomPort(),
        storeDir,
        extra: `cluster { name: ${clusterName}, ${listen}, routes: ${JSON.stringify(routes)} }\n${config}`,
      },
    };
    try {
      const outcome = await launchNats(launch);
      if (outcome.kind === "launched")
        return new ManagedNatsServer({ ...launch, signal: undefined }, outcome.process);
    } catch (error) {
      await rm(workDir, { recursive: true, force: true });
      throw error;
    }
    await rm(workDir, { recursive: true, force: true });
    return undefined;
  });
  const settled = await Promise.allSettled(launches);
  const servers = settled.flatMap((launch) =>
    launch.status === "fulfilled" && launch.value !== undefined ? [launch.value] : [],
  );
  if (servers.length === size) return servers;
  await Promise.all(servers.map((server) => server.stop()));
  for (const launch of settled) if (launch.status === "rejected") throw launch.reason;
  return undefined;
}
