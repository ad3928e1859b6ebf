import { waitUntil } from "@tidegate/testkit";
import { areReplicasWhole } from "../../chaos/stack/replicas.ts";
import type { Scene } from "./act.ts";

const HEAL_LIMIT_MS = 90_000;

/** Resolves when all replicas of all streams are current. Returns how many milliseconds that took. */
export async function replicasHealed({ stack, signal }: Scene): Promise<number> {
  const startedAt = performance.now();
  await waitUntil(() => areReplicasWhole(stack), {
    message: "all replicas to be current",
    timeoutMs: HEAL_LIMIT_MS,
    intervalMs: 100,
    signal,
  });
  return Math.round(performance.now() - startedAt);
}
