import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "@tidegate/testkit";
import { NAMESPACES, SUBJECT_PREFIX } from "../stack/gateway-config.ts";
import { areReplicasWhole, type Role, serverIn } from "../stack/replicas.ts";
import { streamOf } from "../stack/stream-info.ts";
import { Arena } from "./arena.ts";
import type { Round } from "./round.ts";
import type { ScenarioContext } from "./scenario.ts";

const CALM_MS = 1000;
const HEAL_LIMIT_MS = 60_000;
const RETURN_LIMIT_MS = 30_000;

const ROLES: readonly Role[] = ["leader", "follower"];

/** Kills the leader and a follower of a stream with three replicas by turns, and brings each back after a while. */
export async function killStreamServers(context: ScenarioContext): Promise<readonly Round[]> {
  const { size, signal, onProgress } = context;
  const arena = await Arena.open({ ...context, natsServers: 3, proxied: false });
  try {
    const rounds: Round[] = [];
    for (let number = 1; number <= size.rounds; number += 1) {
      for (const role of ROLES) {
        signal.throwIfAborted();
        const namespace = NAMESPACES[(number - 1) % NAMESPACES.length] ?? NAMESPACES[0];
        onProgress(`round ${number} of ${size.rounds}: kill -9 of the ${role} of ${namespace}'s stream`);
        rounds.push(
          await arena.round(role, () => killOne(arena, streamOf(SUBJECT_PREFIX, namespace), role, context)),
        );
      }
    }
    return rounds;
  } finally {
    await arena.close();
  }
}

async function killOne(
  { stack, crew, publisher, channels }: Arena,
  stream: string,
  role: Role,
  { size, options, signal }: ScenarioContext,
): Promise<Readonly<Record<string, number>>> {
  publisher.start(channels, size.rate);
  await delay(CALM_MS, undefined, { signal });
  const victim = await serverIn(role, stream, stack);
  await victim.kill();
  await delay(options.outageSeconds * 1000, undefined, { signal });
  await victim.restart();
  const restartedAt = performance.now();
  await waitUntil(() => areReplicasWhole(stack), {
    message: "all replicas to be current",
    timeoutMs: HEAL_LIMIT_MS,
    intervalMs: 100,
    signal,
  });
  const healMs = Math.round(performance.now() - restartedAt);
  await delay(CALM_MS, undefined, { signal });
  await crew.served(RETURN_LIMIT_MS);
  return { healMs };
}
