/** How far the clock of a sender may be off, either way. What all libraries of Standard Webhooks, Stripe and Slack use. */
const TOLERANCE_SECONDS = 300;

export type ClockSkew = "fits" | "too_old" | "too_new";

/**
 * Compares a signed time with ours. Times to come are refused as old ones are: otherwise a request made out for next year
 * could be repeated until then.
 */
export function clockSkew(
  timestampSeconds: number,
  nowMs: number,
  toleranceSeconds: number = TOLERANCE_SECONDS,
): ClockSkew {
  const age = Math.floor(nowMs / 1000) - timestampSeconds;
  if (age > toleranceSeconds) return "too_old";
  return age < -toleranceSeconds ? "too_new" : "fits";
}

/** Reads Unix seconds: digits and nothing else, undefined otherwise. `Number` would take blanks, `1e3` and `0x10`. */
export function readUnixSeconds(text: string): number | undefined {
  return /^[0-9]{1,12}$/.test(text) ? Number(text) : undefined;
}
