import { type SerializedError, serializeError } from "../logger/serialize-error.ts";

/** How a failed start is told in one log line. */
export interface StartFailure {
  readonly fields: { readonly code: string } | { readonly err: SerializedError };
  readonly message: string;
}

const MAX_CAUSES = 5;

/**
 * An error with a `code` is a known one, such as an address in use or a server that cannot be reached: its words and those of its
 * causes say what to change, and a stack would bury them. Any other is a bug, and is told with its stack.
 */
export function startFailure(error: unknown): StartFailure {
  const code = codeOf(error);
  if (code === undefined) {
    const err = serializeError(error);
    return { fields: { err }, message: err.message };
  }
  return { fields: { code }, message: messagesOf(error).join(": ") };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The message and those of its causes, leaving out what the one before has already said. */
function messagesOf(error: unknown): string[] {
  const messages: string[] = [];
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    const { message } = current;
    if (message !== "" && !messages.some((said) => said.includes(message))) messages.push(message);
    current = current.cause;
  }
  return messages;
}
