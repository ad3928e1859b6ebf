/** Up to this share earlier or later: connections that a storm made together must not leave as one. */
const JITTER = 0.25;

/** A client that is moved is told to wait up to this long: the moves are spread already. */
export const MOVE_WITHIN_MS = 1000;

/** When a connection has to go because of its age. `limitMs` of 0: never. `random` is 0 to 1. */
export function endOfAge(openedAt: number, limitMs: number, random: number): number {
  return limitMs === 0 ? Number.POSITIVE_INFINITY : openedAt + limitMs * (1 - JITTER + 2 * JITTER * random);
}
