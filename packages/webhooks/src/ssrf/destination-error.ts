/**
 * The destination of a delivery is not one that may be connected to. One message for every form, without the address: the
 * owner of an endpoint must not be able to map a private network by it.
 */
export class DestinationError extends Error {
  override readonly name = "DestinationError";
  readonly code = "DESTINATION_NOT_ALLOWED";

  constructor() {
    super("destination not allowed");
  }
}

/** Whether an error is, or was caused by, a destination that is not allowed. */
export function isDestinationError(error: unknown): boolean {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    if (current instanceof DestinationError) return true;
    if (current instanceof AggregateError && current.errors.some((one) => one instanceof DestinationError)) {
      return true;
    }
    current = current.cause;
  }
  return false;
}
