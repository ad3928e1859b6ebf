import type { Logger } from "../logger/create-logger.ts";
import type { FamilySnapshot } from "../metrics/metric-snapshot.ts";
import type { ReadinessState } from "../operations/readiness.ts";
import { RuntimeError } from "../runtime-error.ts";
import { afterExit, type WorkerState } from "./restart-policy.ts";
import { Watchdog, type WatchdogLimits } from "./watchdog.ts";
import type { WorkerEvents, WorkerExit, WorkerProcess } from "./worker-process.ts";

type SlotProcess = Pick<WorkerProcess, "pid" | "signal" | "kill" | "metrics">;

export interface WorkerSlotOptions {
  readonly index: number;
  readonly launch: (index: number, events: WorkerEvents) => SlotProcess;
  readonly watchdog: WatchdogLimits;
  /** The time in milliseconds, of a clock that is never set. */
  readonly now: () => number;
  readonly logger: Logger;
  readonly onRestart: () => void;
  /** A process of this slot has ended, and the state is what follows from that. */
  readonly onExit: (slot: WorkerSlot) => void;
}

/**
 * What a slot is about. Unless it is `leaving`, a process that ends is replaced.
 *
 * - `kept`: see {@link WorkerState}.
 * - `leaving`: told to end.
 */
type SlotState = { readonly kind: "kept"; readonly worker: WorkerState } | { readonly kind: "leaving" };

const LEAVING: SlotState = { kind: "leaving" };
const NOTHING: WorkerExit = { code: 0, signal: null };

/** The place of one worker: a process, and after its end another one. */
export class WorkerSlot {
  readonly index: number;
  readonly #options: WorkerSlotOptions;
  readonly #up = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<WorkerExit>();
  #state: SlotState = { kind: "kept", worker: { kind: "starting", failures: 0 } };
  #readiness: ReadinessState | undefined;
  #process: SlotProcess | undefined;
  #watchdog: Watchdog | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerSlotOptions) {
    this.index = options.index;
    this.#options = options;
    // Asked for only by who waits for the start.
    this.#up.promise.catch(() => {});
  }

  get worker(): WorkerState | undefined {
    return this.#state.kind === "kept" ? this.#state.worker : undefined;
  }

  /** Why it is not ready; `undefined` if it is. */
  get failing(): string | undefined {
    if (this.#process === undefined) return "has ended and is about to be started again";
    return this.#readiness === undefined ? "is starting" : failureOf(this.#readiness);
  }

  get isAlive(): boolean {
    return this.#process !== undefined;
  }

  /**
   * Starts the first process. Resolves when it is ready for the first time.
   *
   * @throws RuntimeError `worker_failed` if it ends before that.
   */
  start(): Promise<void> {
    this.#launch(0);
    return this.#up.promise;
  }

  /** Has it end in order, and not be replaced. Resolves with how it ended. Idempotent. */
  leave(): Promise<WorkerExit> {
    if (this.#state.kind === "kept") {
      clearTimeout(this.#timer);
      this.#state = LEAVING;
      if (this.#process === undefined) this.#gone.resolve(NOTHING);
      // Not again: a second signal ends a service at once.
      else this.#process.signal("SIGTERM");
    }
    return this.#gone.promise;
  }

  /** Ends its process at once. */
  kill(): void {
    this.#process?.kill();
  }

  metrics(): Promise<readonly FamilySnapshot[] | undefined> {
    return this.#process?.metrics() ?? Promise.resolve(undefined);
  }

  /** Kills a process that is stuck. Called at regular times, which the watchdog counts. */
  endIfStuck(): void {
    const { logger } = this.#options;
    if (this.#process !== undefined && this.#watchdog?.check() === true) {
      logger.error(
        { worker: this.index, workerPid: this.#process.pid },
        "a worker does not answer and is killed",
      );
      this.#process.kill();
    }
  }

  #launch(failures: number): void {
    const { launch, logger, now } = this.#options;
    const watchdog = new Watchdog(this.#options.watchdog, now);
    this.#state = { kind: "kept", worker: { kind: "starting", failures } };
    this.#readiness = undefined;
    this.#watchdog = watchdog;
    this.#process = launch(this.index, {
      onHeard: () => watchdog.heard(),
      onReadiness: (state) => {
        if (state.kind === "ready") watchdog.ready();
        this.#onReadiness(state);
      },
      onExit: (exit) => this.#onExit(exit),
    });
    logger.info({ worker: this.index, workerPid: this.#process.pid }, "a worker is starting");
  }

  #onReadiness(readiness: ReadinessState): void {
    this.#readiness = readiness;
    const state = this.#state;
    if (readiness.kind === "ready" && state.kind === "kept" && state.worker.kind === "starting") {
      const { failures } = state.worker;
      this.#state = { kind: "kept", worker: { kind: "running", failures, since: this.#options.now() } };
      this.#options.logger.info({ worker: this.index }, "a worker is ready");
      this.#up.resolve();
    }
  }

  #onExit(exit: WorkerExit): void {
    const { logger, now: clock, onExit, onRestart } = this.#options;
    const state = this.#state;
    this.#process = undefined;
    const how = exit.signal === null ? `code ${exit.code}` : exit.signal;
    this.#up.reject(new RuntimeError("worker_failed", `worker ${this.index} ended while it started: ${how}`));
    if (state.kind === "leaving") {
      this.#gone.resolve(exit);
    } else {
      const now = clock();
      const worker = afterExit(state.worker, now, Math.random());
      const restartInMs = Math.round(worker.until - now);
      this.#state = { kind: "kept", worker };
      const { failures } = worker;
      logger.error({ worker: this.index, ...exit, failures, restartInMs }, `a worker has ended: ${how}`);
      this.#timer = setTimeout(() => {
        onRestart();
        this.#launch(failures);
      }, restartInMs);
    }
    onExit(this);
  }
}

function failureOf(readiness: ReadinessState): string | undefined {
  switch (readiness.kind) {
    case "ready":
      return undefined;
    case "not_ready":
      return readiness.failing.map(({ condition, reason }) => `${condition}: ${reason}`).join("; ");
    case "draining":
      return "is leaving";
  }
}
