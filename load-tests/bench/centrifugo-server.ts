import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { readEnvironment } from "@tidegate/runtime";
import { endProcess, freePort, type SupervisedProcess, supervise } from "@tidegate/testkit";
import { LoadTestError } from "../load-test-error.ts";
import type { BenchServer } from "./bench-server.ts";
import type { CpuPlan } from "./cpu-pinning.ts";
import { procReadings } from "./proc-readings.ts";
import type { ProcessReadings } from "./process-readings.ts";

export interface CentrifugoSpec {
  /** The program. */
  readonly binary: string;
  readonly natsUrl: string;
  /** Before a channel, to get its subject. */
  readonly subjectPrefix: string;
  readonly cpus: CpuPlan;
}

const START_TIMEOUT_MS = 15_000;
const POLL_MS = 50;
const STOP_MS = 5_000;
const SHOWN_LINES = 10;
/** Go gives memory back by itself, in a while. */
const REST_MS = 2_000;

/** Centrifugo 6 with its NATS broker in raw mode: bare payloads on bare subjects, as our backends publish them. */
export class CentrifugoServer implements BenchServer {
  readonly ports: readonly number[];
  readonly #process: SupervisedProcess;
  readonly #directory: string;

  private constructor(process: SupervisedProcess, port: number, directory: string) {
    this.ports = [port];
    this.#process = process;
    this.#directory = directory;
  }

  /** @throws LoadTestError `server_failed` with what it printed last. */
  static async start(spec: CentrifugoSpec): Promise<CentrifugoServer> {
    const directory = await mkdtemp(join(tmpdir(), "tidegate-centrifugo-"));
    const port = await freePort();
    const file = join(directory, "config.json");
    await writeFile(file, JSON.stringify(configuration(spec, port)), { mode: 0o600 });
    const command = [spec.binary, "--config", file];
    // From the start: Go counts the cores it may use then.
    const [program = "", ...args] =
      spec.cpus.kind === "pinned" ? ["taskset", "--cpu-list", spec.cpus.server, ...command] : command;
    const lines: string[] = [];
    const process = await supervise(program, args, {
      env: readEnvironment(),
      keepsAlive: true,
      output: (line) => {
        lines.push(line);
      },
    });
    const server = new CentrifugoServer(process, port, directory);
    const deadline = performance.now() + START_TIMEOUT_MS;
    let ended = false;
    void process.exited.then(() => {
      ended = true;
    });
    while (!(await isHealthy(port))) {
      if (ended || performance.now() > deadline) {
        await server.stop();
        const said = lines.slice(-SHOWN_LINES).join("\n");
        throw new LoadTestError("server_failed", `Centrifugo did not get ready:\n${said}`);
      }
      await Promise.race([delay(POLL_MS), process.exited]);
    }
    return server;
  }

  get pids(): readonly number[] {
    return [this.#process.pid];
  }

  readings(): Promise<ProcessReadings> {
    return procReadings(this.#process.pid);
  }

  async collectGarbage(): Promise<void> {
    await delay(REST_MS);
  }

  async stop(): Promise<void> {
    // It would say goodbye to each client and wait for the answer.
    await endProcess(this.#process, "SIGKILL", STOP_MS);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function configuration({ natsUrl, subjectPrefix }: CentrifugoSpec, port: number): object {
  return {
    http_server: { address: "127.0.0.1", port },
    log: { level: "error" },
    health: { enabled: true },
    client: {
      token: { hmac_secret_key: DEVELOPMENT_KEY.secret },
      // So rare that none falls into a measurement.
      ping_interval: "20m",
      pong_timeout: "1m",
    },
    channel: { without_namespace: { allow_subscribe_for_client: true } },
    broker: {
      enabled: true,
      type: "nats",
      nats: { url: natsUrl, raw_mode: { enabled: true, prefix: `${subjectPrefix}.` } },
    },
  };
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
