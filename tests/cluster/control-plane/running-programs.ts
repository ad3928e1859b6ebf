import { rm } from "node:fs/promises";
import { endProcess, readEnvironment, type SupervisedProcess, supervise } from "@tidegate/testkit";

const STOP_GRACE_MS = 5000;
const LOG_TAIL_LINES = 15;

/** Programs that belong together and share a directory, which goes with them. */
export class RunningPrograms {
  readonly #directory: string;
  readonly #processes: SupervisedProcess[] = [];
  readonly #failed = new AbortController();
  #stopping = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Aborted when one of them ends by itself; its reason shows the end of its log. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  async start(program: string, args: readonly string[]): Promise<void> {
    const log: string[] = [];
    const process = await supervise(program, args, {
      env: { ...readEnvironment(), KUBECONFIG: undefined, HOME: this.#directory },
      cwd: this.#directory,
      output: (line) => {
        if (log.push(line) > LOG_TAIL_LINES) log.shift();
      },
      removeIfOrphaned: this.#directory,
      keepsAlive: false,
    });
    this.#processes.push(process);
    void process.exited.then(({ code, signal }) => {
      if (this.#stopping) return;
      const how = `${program} ended with ${signal ?? `code ${code}`}`;
      this.#failed.abort(new Error([how, ...log].join("\n")));
    });
  }

  /** The last to be started first: none shall look for one that is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const process of this.#processes.toReversed()) await endProcess(process, "SIGTERM", STOP_GRACE_MS);
    await rm(this.#directory, { recursive: true, force: true });
  }
}
