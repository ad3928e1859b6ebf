import type { DeliveryTask } from "../queue/delivery-task.ts";

const SHORTEST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * How long a delivery waits whose endpoint has secrets that cannot be read here: half as long again as it has waited, so that it goes out
 * soon after the key is there, and thousands of them cost little until then. Spread, from 1 s to 90 s.
 */
export function lockedPauseMs({ since }: DeliveryTask, now: number): number {
  const pause = Math.min(Math.max((now - since) / 2, SHORTEST_MS), LONGEST_MS);
  return Math.round(pause * (1 + Math.random() / 2));
}
