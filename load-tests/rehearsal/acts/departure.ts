import { setTimeout as delay } from "node:timers/promises";
import type { GatewayNode } from "../../chaos/stack/gateway-node.ts";
import { nowMicros } from "../../swarm/stamp.ts";
import type { Departure } from "../act-result.ts";
import type { Scene } from "./act.ts";

/** For what a node does besides saying goodbye. */
const LEAVING_MARGIN_MS = 20_000;
/** For everybody who was told to wait, and for HAProxy to see who is there. */
const CALM_MS = 4000;
const SERVED_LIMIT_MS = 60_000;

/** Has a node leave in order, and waits until its clients are elsewhere. */
export async function depart(
  node: GatewayNode,
  { crew, options, signal, onProgress }: Scene,
): Promise<Departure> {
  const { windowSeconds } = options;
  const { name } = node.place;
  const connections = await node.lastingConnections();
  onProgress(`${name} leaves, with ${connections} lasting connections`);
  const fromMicros = nowMicros();
  await node.leave(windowSeconds * 1000 + LEAVING_MARGIN_MS);
  const untilMicros = nowMicros();
  await delay(CALM_MS, undefined, { signal });
  await crew.served(SERVED_LIMIT_MS);
  return { node: name, connections, windowSeconds, fromMicros, untilMicros };
}

/** Starts a node, and waits until HAProxy must have seen it. */
export async function arrive(node: GatewayNode, { signal, onProgress }: Scene): Promise<void> {
  onProgress(`${node.place.name} starts`);
  await node.start();
  await delay(CALM_MS, undefined, { signal });
}
