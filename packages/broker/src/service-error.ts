/**
 * Thrown by a request handler to answer with an error of its own choosing. Anything else a handler throws reaches
 * the caller as status 500 without its text.
 */
export class ServiceError extends Error {
  /** Machine-readable reason; by NATS convention an HTTP-like number such as `"404"`. */
  readonly status: string;

  constructor(status: string, message: string) {
    super(message);
    this.name = "ServiceError";
    this.status = status;
  }
}
