import { setTimeout as delay } from "node:timers/promises";
import { type NatsConnection, type OwnNatsServer, waitUntil } from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";
import { isHealthy, serverOfNode } from "../stack/nats-layout.ts";
import { Arena } from "./arena.ts";
import type { Round } from "./round.ts";
import type { ScenarioContext } from "./scenario.ts";

/** How long after the break the message is published. */
const INTO_OUTAGE_MS = 500;
const CALM_MS = 1500;
const HEAL_LIMIT_MS = 30_000;
/** The node whose link is broken. */
const VICTIM = 0;

/**
 * - `cut`: the link is closed, and no other can be made until the end of the outage.
 * - `held`: nothing passes, and nobody is told; what was sent arrives at the end of the outage.
 * - `forgotten`: everything sent over the link is lost for good, and nobody is told; others can be made.
 */
const LINK_VARIANTS = ["cut", "held", "forgotten"] as const;
type LinkVariant = (typeof LINK_VARIANTS)[number];

/** Breaks the link of one node and publishes one message to each of its quiet channels meanwhile. */
export async function breakLinks(context: ScenarioContext): Promise<readonly Round[]> {
  return [...(await breakProxiedLinks(context)), ...(await freezeServers(context))];
}

async function breakProxiedLinks(context: ScenarioContext): Promise<readonly Round[]> {
  const { size, signal, onProgress } = context;
  const arena = await Arena.open({ ...context, natsServers: 1, proxied: true });
  try {
    const rounds: Round[] = [];
    for (let number = 1; number <= size.rounds; number += 1) {
      for (const variant of LINK_VARIANTS) {
        signal.throwIfAborted();
        onProgress(`round ${number} of ${size.rounds}: the link of n${VICTIM + 1} is ${variant}`);
        rounds.push(await arena.round(variant, () => breakOne(arena, variant, context)));
        await delay(CALM_MS, undefined, { signal });
      }
    }
    return rounds;
  } finally {
    await arena.close();
  }
}

async function breakOne(
  { stack, publisher, channels }: Arena,
  variant: LinkVariant,
  { options, signal }: ScenarioContext,
): Promise<Readonly<Record<string, number>>> {
  const proxy = stack.proxies[VICTIM];
  if (proxy === undefined) {
    throw new LoadTestError("server_failed", "the node has no proxy");
  }
  await delay(CALM_MS, undefined, { signal });
  if (variant === "forgotten") {
    proxy.swallow();
    publishOnce(publisher, channels);
    return { victim: VICTIM, publishToRestoreMs: 0 };
  }
  variant === "cut" ? proxy.cut() : proxy.hold();
  await delay(INTO_OUTAGE_MS, undefined, { signal });
  publishOnce(publisher, channels);
  const publishedAt = performance.now();
  await delay(options.outageSeconds * 1000 - INTO_OUTAGE_MS, undefined, { signal });
  proxy.restore();
  return { victim: VICTIM, publishToRestoreMs: Math.round(performance.now() - publishedAt) };
}

/** Stops the process of the server that the node is connected to, in a cluster, until everybody has the message. */
async function freezeServers(context: ScenarioContext): Promise<readonly Round[]> {
  const { size, signal, onProgress } = context;
  const arena = await Arena.open({ ...context, natsServers: 3, proxied: false });
  const { backend, nats, nodes } = arena.stack;
  let frozen: OwnNatsServer | undefined;
  try {
    const rounds: Round[] = [];
    for (let number = 1; number <= size.rounds; number += 1) {
      signal.throwIfAborted();
      const victim = await serverOfNode(nats.servers, nodes[VICTIM]?.place.name ?? "");
      onProgress(`round ${number} of ${size.rounds}: the NATS server of n${VICTIM + 1} is frozen`);
      // Whoever publishes must not be behind the frozen server, too.
      await leaveServer(backend, victim, signal);
      const work = async (): Promise<Readonly<Record<string, number>>> => {
        await delay(CALM_MS, undefined, { signal });
        frozen = victim;
        await victim.pause();
        publishOnce(arena.publisher, arena.channels);
        return { victim: VICTIM, publishToRestoreMs: 0 };
      };
      rounds.push(await arena.round("frozen", work));
      await victim.resume();
      frozen = undefined;
      await waitUntil(async () => (await Promise.all(nats.servers.map(isHealthy))).every(Boolean), {
        message: "the cluster to be whole again",
        timeoutMs: HEAL_LIMIT_MS,
        intervalMs: 100,
        signal,
      });
    }
    return rounds;
  } finally {
    await frozen?.resume();
    await arena.close();
  }
}

/** Has a connection go to another server. A request that is under way when it goes fails, and only that. */
async function leaveServer(
  backend: NatsConnection,
  { port }: OwnNatsServer,
  signal: AbortSignal,
): Promise<void> {
  const hasLeft = async (): Promise<boolean> => {
    try {
      await backend.flush();
      if (backend.getServer() !== `127.0.0.1:${port}`) {
        return true;
      }
      await backend.reconnect();
    } catch {
      // Between two servers.
    }
    return false;
  };
  await waitUntil(hasLeft, { message: "the backend to change servers", timeoutMs: HEAL_LIMIT_MS, signal });
}

function publishOnce(publisher: Arena["publisher"], channels: readonly string[]): void {
  for (const channel of channels) {
    publisher.publish(channel);
  }
}
