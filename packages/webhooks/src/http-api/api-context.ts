import { namespaceOf } from "@tidegate/protocol";
import type { Endpoint, StoredEndpoint } from "../endpoints/endpoint.ts";
import type { EndpointRules } from "../endpoints/endpoint-schema.ts";
import { isEndpointId } from "../endpoints/endpoint-store.ts";
import type { Clock } from "../queue/clock.ts";
import type { Replays } from "../replay/replays.ts";
import type { WebhookEngine } from "../webhook-engine.ts";
import { ApiProblem } from "./api-problem.ts";
import type { ApiCall } from "./api-route.ts";

/** What the operations work with. */
export interface ApiContext {
  readonly engine: Pick<
    WebhookEngine,
    "directory" | "store" | "health" | "attempts" | "deadLetters" | "sender" | "forget"
  >;
  readonly replays: Replays;
  readonly rules: EndpointRules;
  /** Whether a namespace that is configured for webhooks has the stream that they read. Rejects when NATS does not answer. */
  readonly keepsHistory: (namespace: string) => Promise<boolean>;
  readonly now: Clock;
}

/** @throws ApiProblem `not_found`. */
export async function endpointOf({ engine }: ApiContext, call: ApiCall): Promise<StoredEndpoint> {
  const id = call.parameters["id"] ?? "";
  const stored = isEndpointId(id) ? await engine.store.get(id) : undefined;
  if (stored === undefined) throw new ApiProblem("not_found", "there is no such endpoint");
  return stored;
}

/**
 * The endpoint itself, if its secrets can be read.
 *
 * @throws ApiProblem `unavailable`.
 */
export function unlocked(endpoint: Endpoint): Endpoint {
  if (endpoint.locked === undefined) return endpoint;
  throw new ApiProblem(
    "unavailable",
    "the secrets of this endpoint cannot be read now: whoever runs the service has to configure the key that they are sealed with",
  );
}

/**
 * Refuses channels whose messages are stored nowhere: an endpoint for them would wait for ever, and silently.
 *
 * @throws ApiProblem `invalid`, or `unavailable` when NATS does not answer.
 */
export async function checkHistory({ keepsHistory }: ApiContext, channels: readonly string[]): Promise<void> {
  const namespaces = [...new Set(channels.map(namespaceOf))];
  const kept = await Promise.all(namespaces.map(keepsHistory)).catch(() => {
    throw new ApiProblem("unavailable", "NATS does not say now which namespaces keep history; try again");
  });
  const missing = namespaces.filter((_, index) => kept[index] === false);
  if (missing.length === 0) return;
  const errors = channels.flatMap((channel, index) => {
    const namespace = namespaceOf(channel);
    return missing.includes(namespace)
      ? [{ field: `channels.${index}`, message: historyMissing(namespace) }]
      : [];
  });
  throw new ApiProblem("invalid", errors[0]?.message ?? "channels: keep no history", errors);
}

export function historyMissing(namespace: string): string {
  return `namespace ${namespace} keeps no history, and webhooks deliver only what is stored: give it \`history\` in the configuration of the gateways, and run npm run provision`;
}

/**
 * Changes the endpoint of a call: under the revision that was given, or else whatever its revision is.
 *
 * @throws ApiProblem `not_found`, or `unavailable` if its secrets cannot be read; WebhooksError `conflict` if a revision was given and is
 *   not the newest.
 */
export async function changeEndpoint(
  context: ApiContext,
  call: ApiCall,
  change: (endpoint: Endpoint) => Endpoint,
): Promise<StoredEndpoint> {
  const { store, directory } = context.engine;
  const { endpoint } = await endpointOf(context, call);
  const changed =
    call.revision === undefined
      ? await store.change(endpoint.id, (before) => change(unlocked(before)))
      : await store.update(change(unlocked(endpoint)), call.revision);
  if (changed === undefined) throw new ApiProblem("not_found", "there is no such endpoint");
  directory.observe(endpoint.id, changed);
  return changed;
}
