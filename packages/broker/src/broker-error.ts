/**
 * Why the broker could not do, or could not go on doing, what was asked.
 *
 * - `unavailable`: there is no NATS connection now; reconnecting goes on by itself.
 * - `denied`: NATS refused the credentials, or a permission to publish or subscribe.
 * - `startup_timeout`: no server accepted a connection before the startup deadline.
 * - `unreadable_file`: a credentials or TLS file cannot be read or holds something else.
 * - `stream_missing`: a namespace with history has no stream; run the provisioning command.
 * - `stream_unfit`: its stream is configured differently from what the namespace says; the message names the differences.
 * - `connection_lost`: the connection ended for good without having been asked to.
 * - `closed`: this broker was drained, or the subscription was closed by its owner.
 * - `callback_failed`: a listener or handler of the caller threw; the cause is its error.
 * - `server_error`: the server reported an error that belongs to no single call, such as a slow consumer.
 */
export type BrokerErrorCode =
  | "unavailable"
  | "denied"
  | "startup_timeout"
  | "unreadable_file"
  | "stream_missing"
  | "stream_unfit"
  | "connection_lost"
  | "closed"
  | "callback_failed"
  | "server_error";

/** The one error of this package. Messages name servers, subjects and files, never credentials or payloads. */
export class BrokerError extends Error {
  readonly code: BrokerErrorCode;

  constructor(code: BrokerErrorCode, message: string, options?: { readonly cause: unknown }) {
    super(`${code}: ${message}`, options);
    this.name = "BrokerError";
    this.code = code;
  }

  /** Whether the same call may succeed later without anybody changing configuration. */
  get retryable(): boolean {
    return this.code === "unavailable" || this.code === "startup_timeout";
  }
}
