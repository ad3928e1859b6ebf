import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import type { Environment } from "@tidegate/runtime";
import { type NodeProcess, spawnNode, waitUntil } from "@tidegate/testkit";
import { procReadings } from "../bench/proc-readings.ts";
import { LoadTestError } from "../load-test-error.ts";
import { provision } from "../provision.ts";

export interface FleetOptions {
  readonly natsUrl: string;
  readonly processes: number;
  /** Most connections of one process. */
  readonly connectionsPerProcess: number;
  /** For its configuration. */
  readonly directory: string;
}

/** What the processes that run use together. */
export interface FleetUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** What backends put before a channel to get its subject. */
export const SUBJECT_PREFIX = "rt";
export const NAMESPACE = "soak";

const GATEWAY_FILE = new URL("../../services/gateway/src/main.ts", import.meta.url);
/** Warnings and what is above them, as pino writes them. */
const COMPLAINT = /"level":(?:[456]0|"(?:warn|error|fatal)")/;
const START_LIMIT_MS = 300_000;
const WHOLE_LIMIT_MS = 300_000;
/** So few that memory of recent messages is as large as it gets when the warm-up is over. */
const RING_MESSAGES = 5;

/** Gateway processes on one port, under the supervisor that the gateway command becomes. */
export class GatewayFleet {
  readonly port: number;
  readonly #operationsPort: number;
  readonly #processes: number;
  readonly #supervisor: NodeProcess;

  private constructor(
    supervisor: NodeProcess,
    { processes }: FleetOptions,
    ports: { port: number; operationsPort: number },
  ) {
    this.#supervisor = supervisor;
    this.#processes = processes;
    this.port = ports.port;
    this.#operationsPort = ports.operationsPort;
  }

  /** @throws LoadTestError `server_failed` with what it printed. */
  static async start(options: FleetOptions): Promise<GatewayFleet> {
    const config = join(options.directory, "gateway.yaml");
    // JSON is YAML.
    await writeFile(config, JSON.stringify(configuration(options), undefined, 2));
    const env = environment(options);
    await provision(config, env);
    const supervisor = await spawnNode(GATEWAY_FILE, { args: ["--config", config], env });
    try {
      const line = await supervisor.waitForLine(/"msg":"listening".*|.*"processes":/, START_LIMIT_MS);
      const { port, operationsPort } = JSON.parse(line);
      const fleet = new GatewayFleet(supervisor, options, { port, operationsPort });
      await fleet.whole();
      return fleet;
    } catch (cause) {
      await supervisor.stop("SIGKILL");
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LoadTestError("server_failed", `the gateway did not start: ${reason}`, { cause });
    }
  }

  /** The last lines in which the gateway warned of something or failed, for whoever wonders what went wrong. */
  complaints(count: number): readonly string[] {
    const { lines } = this.#supervisor;
    return lines
      .map(({ text }) => text)
      .filter((text) => COMPLAINT.test(text) || !text.startsWith("{"))
      .slice(-count);
  }

  /** Of the processes that serve clients. */
  async pids(): Promise<readonly number[]> {
    const { pid } = this.#supervisor;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
    return children.split(" ").filter(Boolean).map(Number);
  }

  /** Resolves when all processes run and are ready. */
  async whole(): Promise<void> {
    await waitUntil(async () => (await this.pids()).length === this.#processes && (await this.#isReady()), {
      message: "all gateway processes to be ready",
      timeoutMs: WHOLE_LIMIT_MS,
      intervalMs: 100,
    });
  }

  /** SIGKILL to every other of them; the supervisor starts others. */
  async killHalf(): Promise<{ readonly killed: number; readonly cpuSeconds: number }> {
    const pids = (await this.pids()).filter((_, index) => index % 2 === 0);
    const readings = await Promise.all(pids.map(procReadings));
    for (const pid of pids) {
      process.kill(pid, "SIGKILL");
    }
    return { killed: pids.length, cpuSeconds: readings.reduce((sum, one) => sum + one.cpuSeconds, 0) };
  }

  async usage(): Promise<FleetUsage> {
    const all = await Promise.all((await this.pids()).map(procReadings));
    // One that ended between the two looks has no figures.
    const readings = all.filter(({ cpuSeconds }) => !Number.isNaN(cpuSeconds));
    return {
      cpuSeconds: readings.reduce((sum, one) => sum + one.cpuSeconds, 0),
      residentBytes: readings.reduce((sum, one) => sum + one.residentBytes, 0),
    };
  }

  /** Without goodbyes to a hundred thousand clients. */
  async stop(): Promise<void> {
    await this.#supervisor.stop("SIGKILL");
  }

  async #isReady(): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${this.#operationsPort}/readyz`).catch(() => undefined);
    const text = (await response?.text()) ?? "";
    return response?.status === 200 && !text.includes("degraded");
  }
}

function configuration({ connectionsPerProcess }: FleetOptions): object {
  const history = { maxAge: "1h", messagesPerChannel: 1000, maxBytes: "1GiB", replicas: 1 };
  return {
    mode: "development",
    limits: {
      connections: connectionsPerProcess,
      // A few addresses have them all.
      connectionsPerAddress: connectionsPerProcess,
      ringMessages: RING_MESSAGES,
    },
    namespaces: { [NAMESPACE]: { history } },
  };
}

function environment({ natsUrl, processes }: FleetOptions): Environment {
  return {
    TIDEGATE_PROCESSES: String(processes),
    TIDEGATE_NATS_SERVERS: natsUrl,
    TIDEGATE_SUBJECTS_PREFIX: SUBJECT_PREFIX,
    TIDEGATE_LISTEN_HOST: "127.0.0.1",
    TIDEGATE_LISTEN_PORT: "0",
    TIDEGATE_OPERATIONS_HOST: "127.0.0.1",
    TIDEGATE_OPERATIONS_PORT: "0",
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
    TIDEGATE_AUTH_ALGORITHMS: "HS256",
  };
}
