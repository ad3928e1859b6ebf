import type { Logger } from "../logger/create-logger.ts";
import { createMetrics } from "../metrics/create-metrics.ts";
import { MergedMetrics } from "../metrics/merged-metrics.ts";
import { type OperationsServer, startOperationsServer } from "../operations/operations-server.ts";
import type { ReportedReadiness } from "../operations/readiness.ts";
import { RuntimeError } from "../runtime-error.ts";
import type { RunningService } from "../service/run-service.ts";
import { isHopeless } from "./restart-policy.ts";
import { supervisorMetrics } from "./supervisor-metrics.ts";
import type { WatchdogLimits } from "./watchdog.ts";
import { WorkerProcess } from "./worker-process.ts";
import { WorkerSlot } from "./worker-slot.ts";

export interface SupervisorOptions {
  /** The module that every worker runs; it begins with `takeWorkerSeat`. */
  readonly script: URL;
  readonly workers: number;
  /** What every worker is told to do. Plain data; may hold secrets. */
  readonly work: unknown;
  /** Where the one operations server for all of them listens. */
  readonly operations: { readonly host: string; readonly port: number };
  readonly logger: Logger;
}

export interface StartedSupervisor extends RunningService {
  readonly operationsPort: number;
  /** Resolves if no worker runs and starting them again does not help: the service should exit. */
  readonly failed: Promise<Error>;
}

const CHECK_INTERVAL_MS = 5000;
/**
 * A worker of which nothing was heard for six checks is stuck: its event loop has not turned for half a minute. One that never
 * was ready may only be short of CPU, and another one in its place would be no better off.
 */
const WATCHDOG: WatchdogLimits = { startMs: 300_000, silentChecks: 6 };
/** What workers get to end by themselves once the supervisor waits for them no more. Below the limit of `runService`. */
const LAST_GRACE_MS = 1500;

/** Under which name its own metrics stand beside those of its workers. */
const OWN_NAME = "supervisor";

/**
 * Runs several processes as one service: replaces each that ends, answers probes and scrapes for all, and drains all at
 * once. The first worker starts alone, so that what keeps all of them from starting is said once.
 *
 * Workers end with this process, whatever ends it.
 *
 * @throws RuntimeError `listen_failed`, `worker_failed` if a worker ends before it was ready for the first time, or the reason
 *   of `signal`.
 */
export async function startSupervisor(
  options: SupervisorOptions,
  signal: AbortSignal,
): Promise<StartedSupervisor> {
  signal.throwIfAborted();
  const supervisor = new Supervisor(options);
  try {
    return await supervisor.start(signal);
  } catch (error) {
    await supervisor.abandon();
    throw error;
  }
}

/** Several worker processes as one service. */
class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly WorkerSlot[];
  readonly #metrics = createMetrics(supervisorMetrics, { process: true });
  readonly #merged = new MergedMetrics();
  readonly #failed = Promise.withResolvers<Error>();
  readonly #watch: NodeJS.Timeout;
  #operations: OperationsServer | undefined;
  #isLeaving = false;

  constructor(options: SupervisorOptions) {
    const { script, work, workers, logger } = options;
    this.#options = options;
    const { restarts } = this.#metrics.metrics;
    this.#slots = Array.from(
      { length: workers },
      (_, index) =>
        new WorkerSlot({
          index,
          launch: (at, events) => new WorkerProcess(script, at, work, events),
          watchdog: WATCHDOG,
          now: () => performance.now(),
          logger,
          onRestart: () => restarts.child().inc(),
          onExit: (slot) => this.#onExit(slot),
        }),
    );
    this.#watch = setInterval(() => this.#check(), CHECK_INTERVAL_MS).unref();
    this.#publishStates();
  }

  async start(signal: AbortSignal): Promise<StartedSupervisor> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#operations = await startOperationsServer({
        ...this.#options.operations,
        metrics: { contentType: this.#merged.contentType, text: () => this.#text() },
        readiness: this.#readiness(),
      });
      const [first, ...others] = this.#slots;
      await Promise.race([first?.start(), aborted.promise]);
      await Promise.race([Promise.all(others.map((slot) => slot.start())), aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
    return {
      operationsPort: this.#operations.port,
      failed: this.#failed.promise,
      drain: () => this.#drain(),
      stop: () => this.#stop(),
      pending: () => ({ workers: this.#alive.length }),
    };
  }

  /** Ends what has been started, after a start that failed. */
  async abandon(): Promise<void> {
    this.#isLeaving = true;
    const ends = this.#slots.map((slot) => slot.leave());
    await this.#withinGrace(Promise.all(ends));
    await this.#stop();
  }

  get #alive(): readonly WorkerSlot[] {
    return this.#slots.filter(({ isAlive }) => isAlive);
  }

  /** All workers drain, each by its own rules and within its own deadline, which is the supervisor's, too. */
  async #drain(): Promise<void> {
    this.#isLeaving = true;
    const exits = await Promise.all(this.#slots.map((slot) => slot.leave()));
    const failed = exits.findIndex(({ code }) => code !== 0);
    const exit = exits[failed];
    if (exit !== undefined) {
      const how = exit.signal === null ? `code ${exit.code}` : exit.signal;
      throw new RuntimeError("worker_failed", `worker ${failed} ended its drain with ${how}`);
    }
  }

  async #stop(): Promise<void> {
    clearInterval(this.#watch);
    // Their deadline passed when ours did, and they may need a moment for their goodbyes.
    await this.#withinGrace(Promise.all(this.#slots.map((slot) => slot.leave())));
    this.#metrics.close();
    await this.#operations?.close();
  }

  async #withinGrace(ends: Promise<unknown>): Promise<void> {
    const timer = setTimeout(() => {
      for (const slot of this.#alive) slot.kill();
    }, LAST_GRACE_MS);
    await ends;
    clearTimeout(timer);
  }

  #check(): void {
    for (const slot of this.#slots) slot.endIfStuck();
  }

  #onExit({ index }: WorkerSlot): void {
    this.#merged.forget(String(index));
    const states = this.#slots.flatMap(({ worker }) => (worker === undefined ? [] : [worker]));
    if (!this.#isLeaving && isHopeless(states)) {
      const message = "every worker ends again and again, and none runs; their own log lines say why";
      this.#failed.resolve(new RuntimeError("worker_failed", message));
    }
  }

  /** Ready as long as any worker is: those that are not, do not listen, or turn their clients away to the others. */
  #readiness(): { readonly state: ReportedReadiness } {
    const state = (): ReportedReadiness => {
      if (this.#isLeaving) return { kind: "draining" };
      const failing = this.#slots.flatMap(({ index, failing: reason }) =>
        reason === undefined ? [] : [{ condition: `worker ${index}`, reason }],
      );
      if (failing.length === 0) return { kind: "ready" };
      return { kind: failing.length === this.#slots.length ? "not_ready" : "degraded", failing };
    };
    return {
      get state() {
        return state();
      },
    };
  }

  async #text(): Promise<string> {
    const own = this.#metrics.exposition.snapshot();
    const asked = this.#slots.map(async (slot) => {
      const families = await slot.metrics();
      // At once, and not with the slowest: what is known of a worker must be known before it ends.
      if (families !== undefined && slot.isAlive) this.#merged.update(String(slot.index), families);
    });
    await Promise.all(asked);
    this.#merged.update(OWN_NAME, await own);
    return await this.#merged.text();
  }

  #publishStates(): void {
    const { workers } = this.#metrics.metrics;
    const count = (is: (slot: WorkerSlot) => boolean) => () => this.#slots.filter(is).length;
    workers.fromFunction(
      count(({ failing }) => failing === undefined),
      { state: "ready" },
    );
    workers.fromFunction(
      count(({ failing, isAlive }) => isAlive && failing !== undefined),
      { state: "not_ready" },
    );
    workers.fromFunction(
      count(({ isAlive }) => !isAlive),
      { state: "waiting" },
    );
  }
}
