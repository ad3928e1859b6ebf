import { setTimeout as delay } from "node:timers/promises";
import type { NatsConnection } from "@tidegate/testkit";
import { nowMicros, stampedPayload } from "./stamp.ts";

export interface PublishPlan {
  /** Messages in all. */
  readonly count: number;
  readonly perSecond: number;
  readonly payloadBytes: number;
  /** Subject of the nth message, from 0. */
  readonly subjectOf: (message: number) => string;
  /** Number of the nth message within its channel, from 0. */
  readonly sequenceOf: (message: number) => number;
}

/**
 * Publishes by the clock, as a backend does that knows nothing of gateways, and resolves when the server has taken
 * everything. Each message is stamped when it is really published: how late this process gets to it says nothing
 * of the server.
 *
 * @returns how many seconds it took: more than the plan where this process could not keep its rate.
 * @throws the reason of the signal.
 */
export async function publishPaced(
  nats: NatsConnection,
  plan: PublishPlan,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = performance.now();
  const dueAt = (message: number): number => startedAt + (message * 1000) / plan.perSecond;
  let published = 0;
  while (published < plan.count) {
    while (published < plan.count && dueAt(published) <= performance.now()) {
      const payload = stampedPayload(plan.sequenceOf(published), nowMicros(), plan.payloadBytes);
      nats.publish(plan.subjectOf(published), payload);
      published += 1;
    }
    // Not below a millisecond: the receiving side shares this loop and needs its turn.
    await delay(Math.max(1, dueAt(published) - performance.now()), undefined, { signal });
  }
  await nats.flush();
  return (performance.now() - startedAt) / 1000;
}
