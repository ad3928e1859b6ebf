import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import type { TransportName } from "../accounting/tally.ts";
import { NAMESPACES } from "../stack/gateway-config.ts";
import type { ClientPlan } from "./subscriber.ts";

const TOKEN_SECONDS = 24 * 60 * 60;

/** Channels of a run, by turns in each namespace. */
export function channelNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const namespace = NAMESPACES[index % NAMESPACES.length] ?? NAMESPACES[0];
    return `${namespace}.r${Math.floor(index / NAMESPACES.length)}`;
  });
}

/**
 * Spreads transports, channels and nodes over clients, so that each occurs with each. Every second client has two channels,
 * of different namespaces if there are several channels.
 */
export async function planClients(
  count: number,
  channels: readonly string[],
  transports: readonly TransportName[],
  nodes: number,
): Promise<readonly ClientPlan[]> {
  const plans: ClientPlan[] = [];
  for (let client = 0; client < count; client += 1) {
    const turn = Math.floor(client / transports.length);
    const transport = transports[client % transports.length] ?? "websocket";
    const own = channels[turn % channels.length] ?? "";
    const next = channels[(turn + 1) % channels.length] ?? "";
    const lap = Math.floor(turn / channels.length);
    // With an odd number of channels the last and the first are of one namespace, which does no harm.
    const wantsTwo = (turn + lap) % 2 === 1 && next !== own;
    plans.push({
      transport,
      channels: wantsTwo ? [own, next] : [own],
      // A user for each client: caches must not help as they would not in earnest.
      token: await mintToken(
        {
          sub: `user-${client}`,
          grants: { subscribe: NAMESPACES.map((name) => `${name}.*`) },
          expiresInSeconds: TOKEN_SECONDS,
        },
        DEVELOPMENT_KEY,
      ),
      node: ((turn % channels.length) + lap) % nodes,
    });
  }
  return plans;
}
