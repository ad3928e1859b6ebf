import type { Environment } from "@tidegate/runtime";
import { type NodeProcess, spawnNode, waitUntil } from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";
import { type Counts, parseCounts } from "./node-metrics.ts";

const GATEWAY_FILE = new URL("../../../services/gateway/src/main.ts", import.meta.url);
const START_LIMIT_MS = 30_000;
const READY_LIMIT_MS = 30_000;
const METRICS_LIMIT_MS = 5000;

export interface GatewayPlace {
  readonly name: string;
  /** The same after every restart. */
  readonly port: number;
  readonly configPath: string;
  /** What this node differs in from the others. */
  readonly env: Environment;
}

/** One gateway node, a process of its own, which can die and come back. */
export class GatewayNode {
  readonly place: GatewayPlace;
  #running: { readonly process: NodeProcess; readonly operationsPort: number } | undefined;
  /** What processes that are gone had counted when they were last asked. */
  #countedBefore: Counts = new Map();
  #counted: Counts = new Map();

  constructor(place: GatewayPlace) {
    this.place = place;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Starts it and waits until it is ready.
   *
   * @throws LoadTestError `server_failed` with what it printed.
   */
  async start(): Promise<void> {
    const { name, port, configPath, env } = this.place;
    const process = await spawnNode(GATEWAY_FILE, {
      args: ["--config", configPath],
      env: {
        ...env,
        TIDEGATE_NODE_NAME: name,
        TIDEGATE_LISTEN_PORT: String(port),
        TIDEGATE_OPERATIONS_PORT: "0",
      },
    });
    try {
      const line = await process.waitForLine('"msg":"listening"', START_LIMIT_MS);
      const operationsPort = readOperationsPort(line);
      const running = { process, operationsPort };
      this.#running = running;
      void process.exited.then(() => {
        if (this.#running === running) {
          this.#running = undefined;
        }
      });
      await waitUntil(async () => (await fetch(`http://127.0.0.1:${operationsPort}/readyz`)).status === 200, {
        message: `${name} to be ready`,
        timeoutMs: READY_LIMIT_MS,
        intervalMs: 50,
      });
    } catch (cause) {
      await process.stop("SIGKILL");
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LoadTestError("server_failed", `${name} did not start: ${reason}`, { cause });
    }
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#countedBefore = addCounts(this.#countedBefore, this.#counted);
    this.#counted = new Map();
    await running?.process.stop("SIGKILL");
  }

  /**
   * Everything its counters have counted, dead processes included as far as they were asked in time.
   *
   * @throws LoadTestError `server_failed` if it runs and does not answer.
   */
  async counts(): Promise<Counts> {
    const running = this.#running;
    if (running !== undefined) {
      try {
        const response = await fetch(`http://127.0.0.1:${running.operationsPort}/metrics`, {
          signal: AbortSignal.timeout(METRICS_LIMIT_MS),
        });
        this.#counted = parseCounts(await response.text());
      } catch (cause) {
        throw new LoadTestError("server_failed", `${this.place.name} does not answer on /metrics`, { cause });
      }
    }
    return addCounts(this.#countedBefore, this.#counted);
  }

  /** The last lines that it printed, for reports of what went wrong. */
  lastLines(count: number): readonly string[] {
    return (this.#running?.process.lines ?? []).slice(-count).map(({ text }) => text);
  }
}

function addCounts(left: Counts, right: Counts): Counts {
  const sum = new Map(left);
  for (const [name, value] of right) {
    sum.set(name, (sum.get(name) ?? 0) + value);
  }
  return sum;
}

function readOperationsPort(line: string): number {
  const value: unknown = JSON.parse(line);
  if (typeof value === "object" && value !== null && "operationsPort" in value) {
    return Number(value.operationsPort);
  }
  throw new LoadTestError("server_failed", `no ports in ${line}`);
}
