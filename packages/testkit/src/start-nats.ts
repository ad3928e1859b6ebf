import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { useExternalNats } from "./external-nats.ts";
import { locateNatsServer } from "./locate-nats-server.ts";
import { type LaunchNatsOptions, launchNats } from "./nats-process.ts";
import { ManagedNatsServer, type NatsServer, type OwnNatsServer } from "./nats-server.ts";
import { randomPort } from "./random-port.ts";
import { TestkitError } from "./testkit-error.ts";

export interface StartNatsOptions {
  /** Never use the server that `NATS_URL` names: for tests that kill it or give it a configuration. */
  readonly own?: boolean;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Kept when the server stops. Default: a new temporary one, removed when the server stops or we die. */
  readonly storeDir?: string;
  /**
   * Configuration text to add: accounts, permissions, limits. It must not set what the testkit sets itself
   * (`server_name`, `host`, `port`, `http`, `jetstream`), nor demand TLS before the first message.
   */
  readonly config?: string;
  /** Serve the monitoring pages, on another random port. Default false. */
  readonly monitor?: boolean;
  /** Where `NATS_URL` and PATH are looked up, and what `$NAME` in the configuration refers to. */
  readonly env?: Environment;
  /** Told what is being done when it takes long, as on the first start of all. */
  readonly onProgress?: (message: string) => void;
  /** Ends the start; a server that runs is not affected. */
  readonly signal?: AbortSignal;
  /** Default 30000: a large store takes a while to open. Installing does not count. */
  readonly startTimeoutMs?: number;
}

/** Several thousand ports are there to choose from; this many in use means something else is wrong. */
const maxPortAttempts = 20;

/**
 * Starts a nats-server with JetStream, on loopback only, and waits until it accepts connections. If `NATS_URL`
 * is set and no own one is demanded, that server is used as it is: port, store and configuration do not apply.
 *
 * The server ends when this process does, in whatever way that happens, and does not keep it alive.
 *
 * @throws TestkitError `nats-server-missing`, `nats-start-failed` (with the end of the log) or
 *   `nats-unreachable`; the reason of `signal` when it aborts.
 */
export function startNats(options: StartNatsOptions & { readonly own: true }): Promise<OwnNatsServer>;
export function startNats(options?: StartNatsOptions): Promise<NatsServer>;
export async function startNats(options: StartNatsOptions = {}): Promise<NatsServer> {
  const { own = false, env = readEnvironment(), signal, onProgress } = options;
  const externalUrl = env["NATS_URL"];
  if (!own && externalUrl) return await useExternalNats(externalUrl);
  const serverPath = await locateNatsServer({
    env,
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });

  const workDir = await mkdtemp(join(tmpdir(), "tidegate-nats-"));
  try {
    return await startOwn(options, serverPath, workDir, env);
  } catch (error) {
    await rm(workDir, { recursive: true, force: true });
    throw error;
  }
}

async function startOwn(
  { port = 0, storeDir, config = "", monitor = false, startTimeoutMs = 30_000, signal }: StartNatsOptions,
  serverPath: string,
  workDir: string,
  env: Environment,
): Promise<OwnNatsServer> {
  const store = storeDir === undefined ? join(workDir, "store") : resolve(storeDir);
  await mkdir(store, { recursive: true });
  for (let attempt = 0; attempt < maxPortAttempts; attempt += 1) {
    signal?.throwIfAborted();
    const launch: LaunchNatsOptions = {
      serverPath,
      env,
      workDir,
      startTimeoutMs,
      signal,
      config: {
        serverName: `tidegate-${randomBytes(6).toString("hex")}`,
        port: port === 0 ? randomPort() : port,
        monitorPort: monitor ? randomPort() : undefined,
        storeDir: store,
        extra: config,
      },
    };
    const outcome = await launchNats(launch);
    if (outcome.kind === "launched") {
      return new ManagedNatsServer({ ...launch, signal: undefined }, outcome.process);
    }
    // Another attempt helps only if it can be about another port.
    if (port !== 0 && (!monitor || outcome.logLine.includes(`:${port}:`))) {
      throw new TestkitError("nats-start-failed", `port ${port} is in use: ${outcome.logLine}`);
    }
  }
  throw new TestkitError("nats-start-failed", `found no free port in ${maxPortAttempts} attempts`);
}
