import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "@tidegate/testkit";
import { Arena } from "./arena.ts";
import type { Round } from "./round.ts";
import type { ScenarioContext } from "./scenario.ts";

const CALM_MS = 1000;
const NOTICE_LIMIT_MS = 40_000;
const RETURN_LIMIT_MS = 30_000;

/** Kills one node after the other while messages are published to all channels, and starts each again. */
export async function killGateways(context: ScenarioContext): Promise<readonly Round[]> {
  const { size, signal, onProgress } = context;
  const arena = await Arena.open({ ...context, natsServers: 1, proxied: false });
  try {
    const rounds: Round[] = [];
    for (let number = 1; number <= size.rounds; number += 1) {
      signal.throwIfAborted();
      const victim = (number - 1) % arena.stack.nodes.length;
      onProgress(`round ${number} of ${size.rounds}: kill -9 of n${victim + 1}`);
      rounds.push(await arena.round("gateway", () => killOne(arena, victim, context)));
    }
    return rounds;
  } finally {
    await arena.close();
  }
}

async function killOne(
  { stack, crew, publisher, channels }: Arena,
  victim: number,
  { size, signal }: ScenarioContext,
): Promise<Readonly<Record<string, number>>> {
  const node = stack.nodes[victim];
  publisher.start(channels, size.rate);
  await delay(CALM_MS, undefined, { signal });
  const displaced = (await crew.whereabouts(stack.nodes.length))[victim] ?? 0;
  // The last chance to ask what it has counted.
  await node?.counts();
  await node?.kill();
  await waitUntil(async () => (await crew.whereabouts(stack.nodes.length))[victim] === 0, {
    message: "all clients to notice that their node is gone",
    timeoutMs: NOTICE_LIMIT_MS,
    intervalMs: 50,
    signal,
  });
  await crew.served(RETURN_LIMIT_MS);
  await delay(CALM_MS, undefined, { signal });
  await node?.start();
  await delay(CALM_MS, undefined, { signal });
  return { displaced };
}
