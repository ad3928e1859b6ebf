const SECONDS = /^\d{1,9}$/;

/**
 * Milliseconds that a `Retry-After` header asks for: seconds, or a date. undefined for anything else, and for the past.
 */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (SECONDS.test(text)) return Number(text) * 1_000;
  // Date.parse takes much that is no HTTP date, numbers among it.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined;
  const wait = Date.parse(text) - now;
  return wait > 0 ? wait : undefined;
}
