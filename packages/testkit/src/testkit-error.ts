/**
 * What can go wrong in the testkit, one code per thing a caller may want to tell apart.
 *
 * - `nats-server-missing`: no way of getting a nats-server worked; the message lists every way and why it failed
 * - `nats-start-failed`: nats-server ended or never accepted a connection; the message ends with its log
 * - `nats-unreachable`: the server that `NATS_URL` names does not answer, or is too old
 * - `chromium-missing`: no way of getting a Chromium worked
 * - `nginx-missing`: no way of getting an nginx worked
 * - `haproxy-missing`: no way of getting an HAProxy worked
 * - `promtool-missing`: no way of getting a promtool worked
 * - `prometheus-missing`: no way of getting a Prometheus worked
 * - `install-failed`: one way of installing a program failed (download, checksum, build)
 * - `process-failed`: a child process could not be started, or ended before it did what was awaited
 * - `socket-closed`: a connection ended before what was awaited arrived
 * - `handshake-refused`: the server answered a WebSocket upgrade with something other than 101
 * - `timeout`: what was awaited did not happen in time
 */
export type TestkitErrorCode =
  | "nats-server-missing"
  | "nats-start-failed"
  | "nats-unreachable"
  | "chromium-missing"
  | "nginx-missing"
  | "haproxy-missing"
  | "promtool-missing"
  | "prometheus-missing"
  | "install-failed"
  | "process-failed"
  | "socket-closed"
  | "handshake-refused"
  | "timeout";

/** Every failure of the testkit that is not misuse. The message starts with the code. */
export class TestkitError extends Error {
  override readonly name = "TestkitError";
  readonly code: TestkitErrorCode;

  constructor(code: TestkitErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
