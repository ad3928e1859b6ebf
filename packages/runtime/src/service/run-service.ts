import { constants } from "node:os";
import type { Logger } from "../logger/create-logger.ts";
import { serializeError } from "../logger/serialize-error.ts";
import { RuntimeError } from "../runtime-error.ts";
import { type ProcessEffects, processEffects, type TerminationSignal } from "./process-effects.ts";
import { startFailure } from "./start-failure.ts";

/** A service that has started. */
export interface RunningService {
  /**
   * Leaves in order: unready, stop accepting, say goodbye, flush. `deadline` is aborted when the time is up, with a
   * RuntimeError `deadline_passed`; the process then exits without waiting for this promise.
   */
  drain(deadline: AbortSignal): Promise<void>;
  /** Closes what has to stay open until the drain is over, such as the operations server. Called after every drain. */
  stop?(): Promise<void>;
  /** What is still unfinished, in numbers; logged when the deadline passes. */
  pending?(): Readonly<Record<string, number | string>>;
}

export interface RunServiceOptions {
  /** The program, for log lines. */
  readonly name: string;
  readonly logger: Logger;
  /** Builds and starts everything. `signal` is aborted if the process is told to end before this is done, and never after. */
  readonly start: (signal: AbortSignal) => Promise<RunningService>;
  /** How long a drain may take from the first signal on, in milliseconds. */
  readonly drainDeadlineMs: number;
  readonly process?: ProcessEffects;
}

/** How long `stop` may take. It only closes things. */
const STOP_LIMIT_MS = 2000;

/**
 * Ctrl-C under `npm run` sends SIGINT twice: the terminal to the whole process group, and npm to its child. The same signal again
 * within this time is that, and not an impatient person.
 */
const SAME_SIGNAL_MS = 300;

/**
 * Runs a service from start to exit. Exit codes:
 *
 * - 0: drained within the deadline after SIGTERM or SIGINT, or ended by one of them while starting;
 * - 1: start failed, drain or stop failed or did not finish in time, or an exception nobody caught;
 * - 130 and 143 (128 and the signal's number): a second signal, SIGINT or SIGTERM, ended it at once. The same signal again within
 *   300 ms counts as one.
 *
 * The promise settles with the exit code after `process.exit` was called, which matters to tests alone.
 *
 * @throws TypeError if the deadline is not a positive whole number of milliseconds.
 */
export async function runService(options: RunServiceOptions): Promise<number> {
  const { drainDeadlineMs } = options;
  // Longer delays overflow the timer, which would then fire at once.
  if (!Number.isInteger(drainDeadlineMs) || drainDeadlineMs < 1 || drainDeadlineMs > 2 ** 31 - 1) {
    throw new TypeError(`drainDeadlineMs: expected 1 to ${2 ** 31 - 1}, got ${drainDeadlineMs}`);
  }
  return await new ServiceRun(options).run();
}

/**
 * - `starting`: `start` is under way.
 * - `running`: started, and nothing asked to end it.
 * - `ending`: a first signal arrived; the deadline runs.
 * - `over`: the exit code is decided.
 */
type RunState =
  | { readonly kind: "starting" }
  | { readonly kind: "running" }
  | {
      readonly kind: "ending";
      readonly signal: TerminationSignal;
      readonly since: number;
      readonly timer: NodeJS.Timeout;
    }
  | { readonly kind: "over" };

class ServiceRun {
  readonly #options: RunServiceOptions;
  readonly #effects: ProcessEffects;
  readonly #startAbort = new AbortController();
  readonly #deadline = new AbortController();
  readonly #asked = Promise.withResolvers<void>();
  readonly #exit = Promise.withResolvers<number>();
  #state: RunState = { kind: "starting" };

  constructor(options: RunServiceOptions) {
    this.#options = options;
    this.#effects = options.process ?? processEffects;
  }

  run(): Promise<number> {
    this.#effects.on("SIGTERM", this.#onTerminate);
    this.#effects.on("SIGINT", this.#onInterrupt);
    this.#effects.on("uncaughtException", this.#onException);
    this.#effects.on("unhandledRejection", this.#onRejection);
    this.#live().then(
      (exitCode) => this.#finish(exitCode),
      (error: unknown) => this.#crash(error, "the lifecycle failed"),
    );
    return this.#exit.promise;
  }

  async #live(): Promise<number> {
    const { name, logger, start } = this.#options;
    logger.info(`${name} is starting`);
    let service: RunningService;
    try {
      service = await this.#withinDeadline(start(this.#startAbort.signal));
    } catch (error) {
      return this.#startEnded(error);
    }
    if (this.#state.kind === "starting") {
      this.#state = { kind: "running" };
      logger.info(`${name} is running`);
    }
    await this.#asked.promise;
    // Both always run: what stays open during a drain must be closed after a failed one too.
    const drained = await this.#drain(service);
    const stopped = await this.#stop(service);
    return drained && stopped ? 0 : 1;
  }

  /** `start` gave no service: it failed, or it was told to end. */
  #startEnded(error: unknown): number {
    const { name, logger } = this.#options;
    if (this.#state.kind === "starting") {
      const { fields, message } = startFailure(error);
      logger.fatal(fields, `${name} could not start: ${message}`);
      return 1;
    }
    if (this.#deadline.signal.aborted) {
      logger.error(`${name} did not end its start before the deadline`);
      return 1;
    }
    // What it stumbled over on its way out may still matter; that it was told to go does not.
    const fields = error === this.#startAbort.signal.reason ? {} : startFailure(error).fields;
    logger.info(fields, `${name} was ended while starting`);
    return 0;
  }

  async #drain(service: RunningService): Promise<boolean> {
    const { name, logger, drainDeadlineMs } = this.#options;
    const { signal } = this.#deadline;
    try {
      await this.#withinDeadline(service.drain(signal));
      // A drain that gave up when the deadline came has not drained.
      signal.throwIfAborted();
      logger.info(`${name} has drained`);
      return true;
    } catch (error) {
      if (signal.aborted) {
        const fields = { drainDeadlineMs, ...service.pending?.() };
        logger.error(fields, `${name} did not drain before the deadline`);
      } else {
        logger.error({ err: serializeError(error) }, `${name} failed to drain`);
      }
      return false;
    }
  }

  async #stop(service: RunningService): Promise<boolean> {
    const { name, logger } = this.#options;
    if (service.stop === undefined) return true;
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      limit.reject(new RuntimeError("deadline_passed", `stop took longer than ${STOP_LIMIT_MS} ms`));
    }, STOP_LIMIT_MS);
    try {
      await Promise.race([service.stop(), limit.promise]);
      return true;
    } catch (error) {
      logger.error({ err: serializeError(error) }, `${name} failed to stop`);
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  readonly #onTerminate = (): void => this.#onSignal("SIGTERM");
  readonly #onInterrupt = (): void => this.#onSignal("SIGINT");
  readonly #onException = (error: unknown): void => this.#crash(error, "an exception nobody caught");
  readonly #onRejection = (error: unknown): void => this.#crash(error, "a rejection nobody handled");

  #onSignal(signal: TerminationSignal): void {
    const { name, logger, drainDeadlineMs } = this.#options;
    const state = this.#state;
    if (state.kind === "over") return;
    if (state.kind === "ending") {
      if (signal === state.signal && performance.now() - state.since < SAME_SIGNAL_MS) return;
      logger.warn({ signal }, `${name} exits at once: second signal`);
      this.#finish(128 + constants.signals[signal]);
      return;
    }
    // Keeps the process alive on purpose: a drain that waits for nothing Node.js counts must not end in a silent exit.
    const timer = setTimeout(() => {
      this.#deadline.abort(
        new RuntimeError("deadline_passed", `more than ${drainDeadlineMs} ms since ${signal}`),
      );
    }, drainDeadlineMs);
    this.#state = { kind: "ending", signal, since: performance.now(), timer };
    logger.info({ signal, drainDeadlineMs }, `${name} is ending`);
    // What was started under this signal, such as the operations server, must outlive the beginning of the drain.
    if (state.kind === "starting") {
      this.#startAbort.abort(new RuntimeError("start_aborted", `${signal} while starting`));
    }
    this.#asked.resolve();
  }

  #crash(error: unknown, what: string): void {
    if (this.#state.kind === "over") return;
    const { name, logger } = this.#options;
    logger.fatal({ err: serializeError(error) }, `${name} exits: ${what}`);
    this.#finish(1);
  }

  #finish(exitCode: number): void {
    if (this.#state.kind === "over") return;
    if (this.#state.kind === "ending") clearTimeout(this.#state.timer);
    this.#state = { kind: "over" };
    this.#effects.off("SIGTERM", this.#onTerminate);
    this.#effects.off("SIGINT", this.#onInterrupt);
    this.#effects.off("uncaughtException", this.#onException);
    this.#effects.off("unhandledRejection", this.#onRejection);
    this.#options.logger.info({ exitCode }, `${this.#options.name} has ended`);
    this.#effects.exit(exitCode);
    this.#exit.resolve(exitCode);
  }

  async #withinDeadline<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#deadline;
    const passed = Promise.withResolvers<never>();
    const onAbort = (): void => passed.reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      // The race also handles a rejection that comes after the deadline.
      return await Promise.race([work, passed.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
