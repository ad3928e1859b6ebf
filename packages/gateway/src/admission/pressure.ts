/** When a reading is too much, and when it is so no longer. Between `low` and `high` nothing changes. */
export interface PressureRule {
  /** Too much from here on. */
  readonly high: number;
  /** Fine up to here; below `high`. */
  readonly low: number;
  /** How long it has to be too much before that counts, in ms. */
  readonly riseMs: number;
  /** How long it has to be fine before that counts, in ms. */
  readonly easeMs: number;
}

/**
 * What is made of the readings of one gauge. New clients are turned away while it is `shedding` or `easing`.
 *
 * - `calm`: nothing to do.
 * - `rising`: too much since, but not for long enough; a single slow moment is no overload.
 * - `shedding`: too much for too long.
 * - `easing`: fine since, but not for long enough: those who were turned away come back, and may bring it about again.
 */
export type Pressure =
  | { readonly kind: "calm" }
  | { readonly kind: "rising"; readonly since: number }
  | { readonly kind: "shedding" }
  | { readonly kind: "easing"; readonly since: number };

export const CALM: Pressure = { kind: "calm" };
const SHEDDING: Pressure = { kind: "shedding" };

export function isShedding({ kind }: Pressure): boolean {
  return kind === "shedding" || kind === "easing";
}

/** The state after a reading, taken at `now`. */
export function nextPressure(state: Pressure, reading: number, now: number, rule: PressureRule): Pressure {
  switch (state.kind) {
    case "calm":
    case "rising": {
      if (reading < rule.high) {
        return CALM;
      }
      const since = state.kind === "rising" ? state.since : now;
      return now - since >= rule.riseMs ? SHEDDING : { kind: "rising", since };
    }
    case "shedding":
    case "easing": {
      if (reading > rule.low) {
        return SHEDDING;
      }
      const since = state.kind === "easing" ? state.since : now;
      return now - since >= rule.easeMs ? CALM : { kind: "easing", since };
    }
  }
}
