/** What a log line keeps of an error. */
export interface SerializedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: SerializedError;
  /** The members of an AggregateError. */
  readonly errors?: readonly SerializedError[];
}

const MAX_CAUSES = 5;
const MAX_ERRORS = 5;

/**
 * Keeps type, message, code, stack and the chain of causes, and nothing else: libraries hang requests, options and payloads
 * on their errors. Anything can be thrown: a text is its own message, of other values only the type is told.
 */
export function serializeError(error: unknown): SerializedError {
  return serialize(error, MAX_CAUSES);
}

function serialize(error: unknown, depth: number): SerializedError {
  if (typeof error === "string") return { type: "string", message: error };
  if (!(error instanceof Error)) return { type: typeof error, message: `a thrown ${typeof error}` };
  const code: unknown = "code" in error ? error.code : undefined;
  const hasCause = error.cause !== undefined && depth > 0;
  const members = error instanceof AggregateError && depth > 0 ? error.errors.slice(0, MAX_ERRORS) : [];
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(hasCause ? { cause: serialize(error.cause, depth - 1) } : {}),
    ...(members.length > 0 ? { errors: members.map((member) => serialize(member, depth - 1)) } : {}),
  };
}
