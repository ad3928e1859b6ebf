/** Aborted when somebody ends the command; its reason says by which signal. */
export function interruption(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interrupt.abort(new Error(`ended by ${signal}`)));
  }
  return interrupt.signal;
}

/** Why a command failed. What was under way when it was ended says only that it was aborted. */
export function failureText(thrown: unknown, interrupted: AbortSignal): string {
  const error: unknown = interrupted.aborted ? interrupted.reason : thrown;
  return error instanceof Error ? error.message : String(error);
}
