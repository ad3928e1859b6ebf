import { readFile } from "node:fs/promises";
import type { Environment } from "@tidegate/runtime";
import { type NodeProcess, spawnNode, waitUntil } from "@tidegate/testkit";
import type { ScrapeTarget } from "../prometheus/scrape-config.ts";

const LIMIT_MS = 60_000;

/** A service that Prometheus looks at, as a process that can die and come back on the same ports. */
export class ObservedProgram {
  readonly target: ScrapeTarget;
  readonly #file: URL;
  readonly #env: Environment;
  #process: NodeProcess | undefined;

  /** @param file of the program, from the root of the repository. */
  constructor(target: ScrapeTarget, file: string, env: Environment) {
    this.target = target;
    this.#file = new URL(`../../../${file}`, import.meta.url);
    this.#env = { ...env, TIDEGATE_OPERATIONS_PORT: String(target.port) };
  }

  /** Starts it and waits until it is ready. @throws TestkitError with what it printed. */
  async start(): Promise<void> {
    const process = await spawnNode(this.#file, { env: this.#env });
    this.#process = process;
    await process.waitForLine('"listening"', LIMIT_MS);
    await waitUntil(async () => (await fetch(`http://127.0.0.1:${this.target.port}/readyz`)).ok, {
      message: `${this.target.instance} to be ready`,
      timeoutMs: LIMIT_MS,
      intervalMs: 50,
    });
  }

  /** Ends it: as a crash would, or in order by SIGTERM. */
  async stop(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.#process?.stop(signal, LIMIT_MS);
  }

  /** Kills one of several processes behind a port; on systems that do not tell which these are, nothing happens. */
  async killWorker(): Promise<void> {
    const pid = this.#process?.pid ?? 0;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
    const [first] = children.split(" ").filter(Boolean);
    if (first !== undefined) process.kill(Number(first), "SIGKILL");
  }
}
