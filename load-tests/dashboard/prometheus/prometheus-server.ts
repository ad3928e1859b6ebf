import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  endProcess,
  freePort,
  locatePrometheus,
  readEnvironment,
  type SupervisedProcess,
  supervise,
  waitUntil,
} from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";
import type { QueryWindow } from "../query-variables.ts";
import { parseRangeResult, type Series } from "./range-result.ts";
import { type ScrapePlan, scrapeConfig } from "./scrape-config.ts";

const SHOWN = new URL("../../../deploy/prometheus/prometheus.yaml", import.meta.url);
const START_LIMIT_MS = 60_000;
const STOP_GRACE_MS = 10_000;
const QUERY_LIMIT_MS = 30_000;

/** A Prometheus of our own, with an empty store that is removed in the end. */
export class PrometheusServer implements AsyncDisposable {
  readonly #process: SupervisedProcess;
  readonly #directory: string;
  readonly #url: string;

  private constructor(process: SupervisedProcess, directory: string, url: string) {
    this.#process = process;
    this.#directory = directory;
    this.#url = url;
  }

  /** @throws TestkitError `prometheus-missing`; LoadTestError `server_failed` with what it printed. */
  static async start(
    plan: ScrapePlan,
    signal: AbortSignal,
    onProgress: (what: string) => void,
  ): Promise<PrometheusServer> {
    const program = await locatePrometheus({ onProgress, signal });
    const directory = await mkdtemp(join(tmpdir(), "tidegate-prometheus-"));
    const config = join(directory, "prometheus.yaml");
    await writeFile(config, scrapeConfig(plan, await readFile(SHOWN, "utf8")));
    const address = `127.0.0.1:${await freePort()}`;
    const lines: string[] = [];
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=${address}`,
    ];
    const process = await supervise(program, args, {
      env: readEnvironment(),
      cwd: directory,
      output: (line) => lines.push(line),
      removeIfOrphaned: directory,
      keepsAlive: false,
    });
    const server = new PrometheusServer(process, directory, `http://${address}`);
    try {
      const ready = async () => (await fetch(`http://${address}/-/ready`)).ok;
      const ended = process.exited.then(() => {
        throw new LoadTestError("server_failed", "Prometheus ended");
      });
      await Promise.race([
        waitUntil(ready, {
          message: "Prometheus to be ready",
          timeoutMs: START_LIMIT_MS,
          intervalMs: 100,
          signal,
        }),
        ended,
      ]);
      return server;
    } catch (cause) {
      await server[Symbol.asyncDispose]();
      throw new LoadTestError("server_failed", ["Prometheus did not start", ...lines].join("\n"), { cause });
    }
  }

  /** @throws LoadTestError `server_failed` with what is wrong with the query. */
  async queryRange(query: string, { from, to, step }: QueryWindow): Promise<readonly Series[]> {
    const response = await fetch(`${this.#url}/api/v1/query_range`, {
      method: "POST",
      body: new URLSearchParams({ query, start: String(from), end: String(to), step: String(step) }),
      signal: AbortSignal.timeout(QUERY_LIMIT_MS),
    });
    return parseRangeResult(await response.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.#process, "SIGTERM", STOP_GRACE_MS);
    await rm(this.#directory, { recursive: true, force: true });
  }
}
