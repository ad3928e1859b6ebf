/**
 * Why a development stack could not start.
 *
 * - `process_died`: one of its processes ended; the message holds the last lines it printed
 * - `process_not_ready`: one of its processes did not become ready in time; likewise
 * - `provisioning_failed`: the streams could not be made; the message holds why
 * - `no_free_port`: no free port was found
 */
export type StackErrorCode = "process_died" | "process_not_ready" | "provisioning_failed" | "no_free_port";

export class StackError extends Error {
  override readonly name = "StackError";
  readonly code: StackErrorCode;

  constructor(code: StackErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
