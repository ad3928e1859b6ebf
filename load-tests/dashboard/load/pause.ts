import { setTimeout as delay } from "node:timers/promises";

/** Resolves after that time, or at once when all is over. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {
    // Over: whoever asked sees that by the signal.
  });
}
