import { AuthError } from "./auth-error.ts";

export interface IntegerRange {
  readonly name: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** The value of a whole-number option, or its default; out of range is refused, never clamped. */
export function integerOption(value: number | undefined, range: IntegerRange): number {
  const chosen = value ?? range.default;
  if (!Number.isInteger(chosen) || chosen < range.min || chosen > range.max) {
    throw new AuthError(
      "option_invalid",
      `${range.name} is ${String(value)}; it must be a whole number from ${range.min} to ${range.max}`,
    );
  }
  return chosen;
}
