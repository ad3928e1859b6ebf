/**
 * Why the runtime gave up.
 *
 * - `listen_failed`: the operations server could not take its address; `cause` is the system error.
 * - `start_aborted`: a signal arrived while the service was starting; this is the abort reason that `start` sees.
 * - `deadline_passed`: draining or stopping took longer than it may; this is the abort reason that `drain` sees.
 * - `worker_failed`: a worker process ended while it started or drained, or all of them end again and again.
 */
export type RuntimeErrorCode = "listen_failed" | "start_aborted" | "deadline_passed" | "worker_failed";

/** The one error class of this package. The message begins with the code, so that a log line can be searched for it. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.name = "RuntimeError";
    this.code = code;
  }
}
