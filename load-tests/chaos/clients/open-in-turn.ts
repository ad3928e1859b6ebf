import { setTimeout as delay } from "node:timers/promises";

/** Somebody who can be told to connect. */
interface Newcomer {
  readonly isServed: boolean;
  join(): void;
}

export interface OpenInTurnOptions {
  /** Connections under way at a time. */
  readonly inFlight: number;
  readonly limitMs: number;
  readonly pollMs: number;
}

/** Has all of them connect, a few at a time. Resolves to whether every one of them is served in time. */
export async function openInTurn(
  newcomers: readonly Newcomer[],
  { inFlight, limitMs, pollMs }: OpenInTurnOptions,
): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  let next = 0;
  for (;;) {
    const opening = newcomers.slice(0, next).filter(({ isServed }) => !isServed).length;
    // Nobody of these is counted before the next look, so it cannot end with this one.
    const wave = newcomers.slice(next, next + inFlight - opening);
    for (const newcomer of wave) {
      newcomer.join();
    }
    next += wave.length;
    if (next === newcomers.length && wave.length === 0 && opening === 0) {
      return true;
    }
    if (performance.now() > deadline) {
      return false;
    }
    await delay(pollMs);
  }
}
