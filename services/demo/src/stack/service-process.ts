import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "@tidegate/runtime";
import { type ExitStatus, type NodeProcess, spawnNode } from "@tidegate/testkit";
import { isReady } from "./is-ready.ts";
import { StackError } from "./stack-error.ts";

export interface ServiceSpec {
  /** What people know it by. */
  readonly name: string;
  /** Its main file. */
  readonly file: URL;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env: Environment;
  /** Answers 200 once it is ready. */
  readonly readyUrl: string;
}

const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 50;
const LINES_POLL_MS = 100;
/** The last words of a process that died. */
const LAST_LINES = 20;

/** One process of the stack. It cannot outlive this one, and a Ctrl-C at the terminal does not reach it. */
export class ServiceProcess {
  readonly name: string;
  readonly exited: Promise<ExitStatus>;
  readonly #readyUrl: string;
  readonly #process: NodeProcess;
  #status: ExitStatus | undefined;

  private constructor(spec: ServiceSpec, process: NodeProcess) {
    this.name = spec.name;
    this.exited = process.exited;
    this.#readyUrl = spec.readyUrl;
    this.#process = process;
    void process.exited.then((status) => {
      this.#status = status;
    });
  }

  get running(): boolean {
    return this.#status === undefined;
  }

  /** Starts it; it is not ready yet. */
  static async start(spec: ServiceSpec): Promise<ServiceProcess> {
    return new ServiceProcess(spec, await spawnNode(spec.file, { args: spec.args, env: spec.env }));
  }

  /**
   * Resolves when it is ready.
   *
   * @throws StackError `process_died` or `process_not_ready`, with its last lines; the reason of `signal`.
   */
  async ready(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    // An answer counts only while the process lives: on its port could be another one.
    while (!(await isReady(this.#readyUrl)) || !this.running) {
      signal.throwIfAborted();
      if (this.#status !== undefined) {
        const how = describeExit(this.#status);
        throw new StackError("process_died", `${this.name} ${how} while it started${this.#lastLines()}`);
      }
      if (performance.now() > deadline) {
        throw new StackError(
          "process_not_ready",
          `${this.name} was not ready after ${READY_TIMEOUT_MS / 1000} s${this.#lastLines()}`,
        );
      }
      await Promise.race([delay(READY_POLL_MS), this.exited]);
    }
  }

  /** SIGTERM, then, after the grace period, SIGKILL. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    await this.#process.stop("SIGTERM", graceMs);
  }

  kill(): void {
    this.#process.signal("SIGKILL");
  }

  /** Hands over every line that it has printed and will print. */
  forwardLines(onLine: (line: string) => void): void {
    let forwarded = 0;
    const forward = () => {
      for (const { text } of this.#process.lines.slice(forwarded)) {
        forwarded += 1;
        onLine(text);
      }
    };
    const timer = setInterval(forward, LINES_POLL_MS);
    timer.unref();
    void this.exited.then(() => {
      clearInterval(timer);
      forward();
    });
  }

  #lastLines(): string {
    const lines = this.#process.lines.slice(-LAST_LINES);
    return lines.length === 0
      ? "; it printed nothing"
      : [". It printed:", ...lines.map(({ text }) => `  ${text}`)].join("\n");
  }
}

/** How a process ended, in words. */
export function describeExit({ code, signal }: ExitStatus): string {
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}
