import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Environment } from "@tidegate/runtime";
import { type NodeProcess, spawnNode } from "@tidegate/testkit";
import { LoadTestError } from "../load-test-error.ts";
import type { BenchServer } from "./bench-server.ts";
import { type CpuPlan, pinProcess } from "./cpu-pinning.ts";
import { fetchReadings, type ProcessReadings } from "./process-readings.ts";

export interface NodeServerSpec {
  readonly file: URL;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Directory for a CPU profile of the whole process; `undefined`: none. */
  readonly profileDirectory: string | undefined;
  readonly cpus: CpuPlan;
}

const START_TIMEOUT_MS = 30_000;
const COLLECT_TIMEOUT_MS = 30_000;
/** A collected process still frees pages for a moment. */
const AFTER_COLLECTING_MS = 300;
const COLLECTOR = fileURLToPath(new URL("collect-garbage-on-signal.ts", import.meta.url));

/** A program that says on which ports it listens, and exports the metrics of its process. */
export class NodeServer implements BenchServer {
  readonly ports: readonly number[];
  readonly #operationsPort: number;
  readonly #process: NodeProcess;
  #collections = 0;

  private constructor(process: NodeProcess, port: number, operationsPort: number) {
    this.#process = process;
    this.ports = [port];
    this.#operationsPort = operationsPort;
  }

  /**
   * Starts a program that prints one line of JSON with `"msg":"listening"`, `port` and `operationsPort`.
   *
   * @throws LoadTestError `server_failed`.
   */
  static async start(spec: NodeServerSpec): Promise<NodeServer> {
    const { profileDirectory, cpus } = spec;
    const process = await spawnNode(spec.file, {
      args: spec.args,
      env: spec.env,
      nodeOptions: [
        "--expose-gc",
        `--import=${COLLECTOR}`,
        ...(profileDirectory === undefined
          ? []
          : ["--cpu-prof", "--cpu-prof-interval=250", `--cpu-prof-dir=${profileDirectory}`]),
      ],
    });
    try {
      if (cpus.kind === "pinned") {
        await pinProcess(process.pid, cpus.server);
      }
      const ports = readPorts(await process.waitForLine('"msg":"listening"', START_TIMEOUT_MS));
      return new NodeServer(process, ports.port, ports.operationsPort);
    } catch (cause) {
      await process.stop("SIGKILL");
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LoadTestError("server_failed", `the server did not start: ${reason}`, { cause });
    }
  }

  get pids(): readonly number[] {
    return [this.#process.pid];
  }

  readings(): Promise<ProcessReadings> {
    return fetchReadings(this.#operationsPort);
  }

  async collectGarbage(): Promise<void> {
    this.#collections += 1;
    this.#process.signal("SIGUSR2");
    await this.#process.waitForLine(`collected garbage ${this.#collections}`, COLLECT_TIMEOUT_MS);
    await delay(AFTER_COLLECTING_MS);
  }

  /** In an orderly way: a profile is written only then. */
  async stop(): Promise<void> {
    await this.#process.stop("SIGTERM");
  }
}

function readPorts(line: string): { readonly port: number; readonly operationsPort: number } {
  const value: unknown = JSON.parse(line);
  if (typeof value === "object" && value !== null && "port" in value && "operationsPort" in value) {
    const { port, operationsPort } = value;
    if (typeof port === "number" && typeof operationsPort === "number") {
      return { port, operationsPort };
    }
  }
  throw new LoadTestError("server_failed", `no ports in ${line}`);
}
