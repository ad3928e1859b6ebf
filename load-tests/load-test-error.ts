/**
 * - `connect_failed`: the server refused a connection, or said something that a client does not expect there.
 * - `connection_lost`: a connection that stood was closed.
 * - `timeout`: a phase took longer than it may.
 * - `server_failed`: a server did not start, died, or did not answer about itself.
 * - `file_limit`: the system allows fewer open files than connections were asked for.
 */
export type LoadTestErrorCode =
  | "connect_failed"
  | "connection_lost"
  | "timeout"
  | "server_failed"
  | "file_limit";

export class LoadTestError extends Error {
  override readonly name = "LoadTestError";
  readonly code: LoadTestErrorCode;

  constructor(code: LoadTestErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
