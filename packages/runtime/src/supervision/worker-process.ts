import { type ChildProcess, fork } from "node:child_process";
import type { FamilySnapshot } from "../metrics/metric-snapshot.ts";
import type { ReadinessState } from "../operations/readiness.ts";
import type { TerminationSignal } from "../service/process-effects.ts";
import type { FromWorker, ToWorker } from "./worker-message.ts";

/** How a process ended: by itself with a code, or by a signal. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface WorkerEvents {
  /** At every sign of life, before what it means. */
  readonly onHeard: () => void;
  readonly onReadiness: (state: ReadinessState) => void;
  /** Once, when the process has ended or could not be started. */
  readonly onExit: (exit: WorkerExit) => void;
}

/** How long to wait for the metrics of a worker, which may be busy. */
const METRICS_PATIENCE_MS = 2000;

/** The process of a worker, from its start to its end. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #events: WorkerEvents;
  #asking:
    | {
        readonly promise: Promise<readonly FamilySnapshot[] | undefined>;
        settle: (families?: readonly FamilySnapshot[]) => void;
      }
    | undefined;
  /** Told to end before it listened. */
  #early: TerminationSignal | undefined;
  #hasBegun = false;
  /** It reports since: before that it knows no numbers, and loads modules instead of answering. */
  #reports = false;
  #over = false;

  /**
   * @param script the module to run; it takes its seat by `takeWorkerSeat`.
   * @param work plain data. It may hold secrets: it travels over a channel that only the two processes have.
   */
  constructor(script: URL, index: number, work: unknown, events: WorkerEvents) {
    this.#events = events;
    this.#child = fork(script, { serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", (message) => this.#receive(message as FromWorker, index, work));
    this.#child.once("exit", (code, signal) => this.#exited({ code, signal }));
    this.#child.on("error", () => {
      // Without a process there is no exit; of a message that could not be sent, the exit tells.
      if (this.#child.pid === undefined) this.#exited({ code: null, signal: null });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Tells it to end in order. */
  signal(signal: TerminationSignal): void {
    if (this.#hasBegun) this.#send({ kind: "signal", signal });
    else this.#early = signal;
  }

  /** Ends it without asking. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Its metrics now; `undefined` if it is still starting, does not answer in time, or ends. Calls that overlap share one answer. */
  metrics(): Promise<readonly FamilySnapshot[] | undefined> {
    if (this.#over || !this.#reports) return Promise.resolve(undefined);
    if (this.#asking === undefined) {
      const { promise, resolve } = Promise.withResolvers<readonly FamilySnapshot[] | undefined>();
      const timer = setTimeout(() => settle(), METRICS_PATIENCE_MS).unref();
      const settle = (families?: readonly FamilySnapshot[]): void => {
        clearTimeout(timer);
        this.#asking = undefined;
        resolve(families);
      };
      this.#asking = { promise, settle };
      this.#send({ kind: "metrics" });
    }
    return this.#asking.promise;
  }

  #receive(message: FromWorker, index: number, work: unknown): void {
    this.#events.onHeard();
    switch (message.kind) {
      case "hello":
        this.#hasBegun = true;
        this.#send({ kind: "begin", index, work });
        if (this.#early !== undefined) this.#send({ kind: "signal", signal: this.#early });
        return;
      case "alive":
        return;
      case "readiness":
        this.#reports = true;
        this.#events.onReadiness(message.state);
        return;
      case "metrics":
        this.#asking?.settle(message.families);
        return;
    }
  }

  #send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, undefined, {}, () => {});
  }

  #exited(exit: WorkerExit): void {
    if (this.#over) return;
    this.#over = true;
    this.#asking?.settle();
    this.#events.onExit(exit);
  }
}
