import { setTimeout as delay } from "node:timers/promises";
import { readsOf } from "../stack/api-traffic.ts";
import { Arena } from "./arena.ts";
import type { Round } from "./round.ts";
import type { ScenarioContext } from "./scenario.ts";

const RETURN_LIMIT_MS = 90_000;
/** Messages of each channel that everybody misses. */
const MISSED = 5;
const CALM_MS = 500;

/**
 * - `warm`: the nodes have had the channels until a moment ago.
 * - `cold`: they have just started and know nothing of any channel.
 */
const VARIANTS = ["warm", "cold"] as const;
type Variant = (typeof VARIANTS)[number];

/** Disconnects everybody, publishes, and lets everybody come back within a short time. */
export async function returnAtOnce(context: ScenarioContext): Promise<readonly Round[]> {
  const { size, signal, onProgress } = context;
  const arena = await Arena.open({ ...context, natsServers: 1, proxied: false });
  try {
    const rounds: Round[] = [];
    for (let number = 1; number <= size.rounds; number += 1) {
      for (const variant of VARIANTS) {
        signal.throwIfAborted();
        onProgress(
          `round ${number} of ${size.rounds}: all ${size.clients} clients return to ${variant} nodes`,
        );
        rounds.push(await arena.round(variant, () => storm(arena, variant, context)));
      }
    }
    return rounds;
  } finally {
    await arena.close();
  }
}

async function storm(
  { stack, crew, publisher, channels, traffic }: Arena,
  variant: Variant,
  { options, signal }: ScenarioContext,
): Promise<Readonly<Record<string, number>>> {
  const publishToAll = (count: number): void => {
    for (let message = 0; message < count; message += 1) {
      for (const channel of channels) {
        publisher.publish(channel);
      }
    }
  };
  publishToAll(1);
  await publisher.finish();
  await delay(CALM_MS, undefined, { signal });
  await crew.leave();
  publishToAll(MISSED);
  await publisher.finish();
  if (variant === "cold") {
    for (const node of stack.nodes) {
      await node.counts();
    }
    await Promise.all(stack.nodes.map((node) => node.kill()));
    await Promise.all(stack.nodes.map((node) => node.start()));
  }
  traffic.clear();
  const startedAt = performance.now();
  await crew.join(options.spreadMs, RETURN_LIMIT_MS);
  const allServedMs = Math.round(performance.now() - startedAt);
  // What the nodes ask for besides, once a second, is not theirs to count.
  const { messages, inquiries } = readsOf(traffic.requests);
  return {
    allServedMs,
    reads: messages,
    inquiries,
    channelsTimesNodes: channels.length * stack.nodes.length,
  };
}
