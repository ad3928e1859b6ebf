import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "@tidegate/runtime";
import { endProcess } from "./end-process.ts";
import { type NatsConfig, natsHost, renderNatsConfig } from "./nats-config.ts";
import { readNatsInfo } from "./nats-info.ts";
import { type ExitStatus, type SupervisedProcess, supervise } from "./supervise.ts";
import { TestkitError } from "./testkit-error.ts";

export interface LaunchNatsOptions {
  readonly serverPath: string;
  readonly config: NatsConfig;
  readonly env: Environment;
  /** Holds the configuration and the log; removed if this process dies. */
  readonly workDir: string;
  readonly startTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export type LaunchOutcome =
  | { readonly kind: "launched"; readonly process: SupervisedProcess }
  | { readonly kind: "port-in-use"; readonly logLine: string };

const pollMs = 5;
const killGraceMs = 2000;
const logTailLines = 20;

/**
 * Starts a nats-server and waits until it accepts connections. A port that is taken is an outcome, not an error:
 * the caller knows whether another one would do.
 *
 * @throws TestkitError `nats-start-failed` with the end of the log; the reason of `signal` when it aborts.
 */
export async function launchNats(options: LaunchNatsOptions): Promise<LaunchOutcome> {
  const { serverPath, config, env, workDir } = options;
  const configPath = join(workDir, "nats-server.conf");
  // The configuration may hold passwords.
  await writeFile(configPath, renderNatsConfig(config), { mode: 0o600 });
  const logPath = join(workDir, "nats-server.log");
  // The log goes to a file rather than through us: a test that blocks its event loop must not block the server.
  const log = await open(logPath, "a");
  // A restart appends.
  const logStart = (await log.stat()).size;
  let server: SupervisedProcess;
  try {
    server = await supervise(serverPath, ["--config", configPath], {
      env,
      cwd: workDir,
      output: log.fd,
      removeIfOrphaned: workDir,
      keepsAlive: false,
    });
  } finally {
    await log.close();
  }

  const outcome = await waitUntilAccepting(server, options);
  if (outcome === "accepting") return { kind: "launched", process: server };
  const status = await endProcess(server, "SIGKILL", killGraceMs);
  options.signal?.throwIfAborted();
  const logText = (await readFile(logPath)).subarray(logStart).toString();
  const portInUse = logText.split("\n").find((line) => line.includes("address already in use"));
  if (outcome === "ended" && portInUse !== undefined) return { kind: "port-in-use", logLine: portInUse };
  throw new TestkitError(
    "nats-start-failed",
    [
      outcome === "ended"
        ? `${serverPath} ended with ${describeStatus(status)}`
        : `${serverPath} did not accept connections on port ${config.port} within ${options.startTimeoutMs} ms`,
      ...logText.trimEnd().split("\n").slice(-logTailLines),
    ].join("\n"),
  );
}

async function waitUntilAccepting(
  server: SupervisedProcess,
  { config, startTimeoutMs, signal }: LaunchNatsOptions,
): Promise<"accepting" | "ended" | "timeout" | "aborted"> {
  const deadline = performance.now() + startTimeoutMs;
  let ended = false;
  void server.exited.then(() => {
    ended = true;
  });
  for (;;) {
    // A port is anybody's: only the name proves that it is this server that answers.
    const info = await readNatsInfo(natsHost, config.port, 1000);
    if (info?.serverName === config.serverName) return "accepting";
    if (ended) return "ended";
    if (signal?.aborted) return "aborted";
    if (performance.now() > deadline) return "timeout";
    await delay(pollMs);
  }
}

function describeStatus({ code, signal }: ExitStatus): string {
  return signal ?? `code ${code}`;
}
