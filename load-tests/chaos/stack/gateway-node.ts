import type { Environment } from "@tidegate/runtime";
import { type NodeProcess, spawnNode, waitUntil } from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";
import { fetchMetricsPage } from "../../metrics-page.ts";
import { type Counts, parseCounts } from "./node-metrics.ts";
import { setGivingWay } from "./priority.ts";

const GATEWAY_FILE = new URL("../../../services/gateway/src/main.ts", import.meta.url);
/** Also where it gives way to much else. */
const START_LIMIT_MS = 90_000;
const LOOPBACK = "127.0.0.1";
const READY_LIMIT_MS = 30_000;
const METRICS_LIMIT_MS = 5000;

export interface GatewayPlace {
  readonly name: string;
  /** The same after every restart. */
  readonly port: number;
  readonly configPath: string;
  /** What this node differs in from the others. */
  readonly env: Environment;
  /** The same after every restart. Default: another each time. */
  readonly operationsPort?: number;
  /** While it starts it gives way to others, where that can be had: in earnest these have machines of their own. */
  readonly givesWay?: boolean;
  /** Where it listens. Default: loopback. */
  readonly host?: string;
  /** What runs it; default: nothing does but itself. */
  readonly runner?: readonly string[];
  /** For Node itself. */
  readonly nodeOptions?: readonly string[];
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

  get #host(): string {
    return this.place.host ?? LOOPBACK;
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
    const {
      name,
      port,
      configPath,
      env,
      operationsPort: fixedPort = 0,
      nodeOptions = [],
      runner = [],
      givesWay,
    } = this.place;
    const process = await spawnNode(GATEWAY_FILE, {
      args: ["--config", configPath],
      nodeOptions,
      runner,
      env: {
        ...env,
        TIDEGATE_LISTEN_HOST: this.#host,
        TIDEGATE_OPERATIONS_HOST: this.#host,
        TIDEGATE_NODE_NAME: name,
        TIDEGATE_LISTEN_PORT: String(port),
        TIDEGATE_OPERATIONS_PORT: String(fixedPort),
      },
    });
    if (givesWay) {
      await setGivingWay(process.pid, true);
    }
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
      await this.ready();
      if (givesWay) {
        await setGivingWay(process.pid, false);
      }
    } catch (cause) {
      await process.stop("SIGKILL");
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LoadTestError("server_failed", `${name} did not start: ${reason}`, { cause });
    }
  }

  /** Resolves when it says that it is ready. @throws TestkitError `timeout`. */
  async ready(): Promise<void> {
    const address = `http://${this.#host}:${this.#running?.operationsPort ?? 0}/readyz`;
    await waitUntil(async () => (await fetch(address)).status === 200, {
      message: `${this.place.name} to be ready`,
      timeoutMs: READY_LIMIT_MS,
      intervalMs: 50,
    });
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
   * SIGTERM: it says goodbye to its clients and ends.
   *
   * @throws LoadTestError `server_failed` if it does not end in order within that time.
   */
  async leave(limitMs: number): Promise<void> {
    const running = this.#running;
    if (running === undefined) {
      return;
    }
    await this.counts();
    const status = await running.process.stop("SIGTERM", limitMs);
    this.#running = undefined;
    this.#countedBefore = addCounts(this.#countedBefore, this.#counted);
    this.#counted = new Map();
    if (status.code !== 0) {
      const how = status.signal ?? `code ${status.code}`;
      throw new LoadTestError("server_failed", `${this.place.name} was told to leave and ended with ${how}`);
    }
  }

  /** Sends it a signal, if it runs. */
  signal(name: NodeJS.Signals): void {
    this.#running?.process.signal(name);
  }

  /**
   * The first line with that text that it prints or has printed.
   *
   * @throws LoadTestError `server_failed` if it does not run; TestkitError if it ends or takes longer than that.
   */
  async printed(text: string, limitMs: number): Promise<string> {
    const running = this.#running;
    if (running === undefined) {
      throw new LoadTestError("server_failed", `${this.place.name} does not run`);
    }
    return running.process.waitForLine(text, limitMs);
  }

  /** WebSockets and event streams that are open; polls come and go. @throws LoadTestError `server_failed`. */
  async lastingConnections(): Promise<number> {
    const page = await this.#metricsPage(this.#running?.operationsPort ?? 0);
    return ["websocket", "sse"].reduce((sum, transport) => {
      const sample = new RegExp(`^tidegate_connections\\{transport="${transport}"\\} (\\d+)$`, "m");
      return sum + Number(sample.exec(page)?.[1] ?? 0);
    }, 0);
  }

  /**
   * Everything its counters have counted, dead processes included as far as they were asked in time.
   *
   * @throws LoadTestError `server_failed` if it runs and does not answer.
   */
  async counts(): Promise<Counts> {
    const running = this.#running;
    if (running !== undefined) {
      this.#counted = parseCounts(await this.#metricsPage(running.operationsPort));
    }
    return addCounts(this.#countedBefore, this.#counted);
  }

  #metricsPage(operationsPort: number): Promise<string> {
    return fetchMetricsPage({ name: this.place.name, host: this.#host, operationsPort }, METRICS_LIMIT_MS);
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
