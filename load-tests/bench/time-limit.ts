import { LoadTestError } from "../load-test-error.ts";

/**
 * Runs a phase that may take only so long: `work` gets a signal that aborts when the time is up, or with `signal`.
 *
 * @throws LoadTestError `timeout` naming the phase when the time is up, the reason of `signal`, or what `work` throws.
 */
export async function withTimeLimit<T>(
  phase: string,
  limitMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(new LoadTestError("timeout", `${phase} took longer than ${limitMs / 1000} s`));
  }, limitMs);
  try {
    return await work(AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    // Some ways to wait say only that they were aborted, not why.
    signal.throwIfAborted();
    limit.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
