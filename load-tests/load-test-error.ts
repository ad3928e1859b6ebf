/**
 * - `connect_failed`: the server refused a connection, or said something that a client does not expect there.
 * - `connection_lost`: a connection that stood was closed.
 * - `timeout`: a phase took longer than it may.
 * - `server_failed`: a server did not start, died, or did not answer about itself.
 * - `file_limit`: the system allows fewer open files than connections were asked for.
 * - `tool_missing`: a program that is needed is not there and cannot be made here; the message says how to get it.
 * - `client_failed`: a load generator ended, or answered something else than it was asked.
 */
export type LoadTestErrorCode =
  | "connect_failed"
  | "connection_lost"
  | "timeout"
  | "server_failed"
  | "file_limit"
  | "tool_missing"
  | "client_failed";

export class LoadTestError extends Error {
  override readonly name = "LoadTestError";
  readonly code: LoadTestErrorCode;

  constructor(code: LoadTestErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
