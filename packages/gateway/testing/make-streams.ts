import type { NatsConnection } from "@tidegate/testkit";
import type { GatewaySettings } from "../src/settings/gateway-settings.ts";
import { namespacePolicies } from "../src/settings/namespace-schema.ts";

/** Makes the streams of the namespaces with history, as provisioning does; those that are there already stay. */
export async function makeStreams(client: NatsConnection, settings: GatewaySettings): Promise<void> {
  const { prefix } = settings.subjects;
  for (const [namespace, { history }] of namespacePolicies(settings.namespaces)) {
    if (history === undefined) {
      continue;
    }
    const name = `${prefix}_${namespace}`;
    const config = {
      name,
      subjects: [`${prefix}.${namespace}`, `${prefix}.${namespace}.>`],
      republish: { src: `${prefix}.>`, dest: `${prefix}out.>` },
      retention: "limits",
      discard: "old",
      storage: history.storage,
      num_replicas: history.replicas,
      max_age: history.maxAgeMs * 1_000_000,
      max_msgs_per_subject: history.messagesPerChannel,
      max_bytes: history.maxBytes,
      duplicate_window: history.deduplicationMs * 1_000_000,
      allow_direct: true,
      mirror_direct: false,
      deny_delete: true,
      allow_rollup_hdrs: false,
    };
    await jetStream(client, `STREAM.CREATE.${name}`, config);
  }
}

/** One call of the JetStream API, such as `STREAM.PURGE.rt_chat`; throws with the server's words if it refuses. */
export async function jetStream(client: NatsConnection, method: string, body: object = {}): Promise<object> {
  const { data } = await client.request(`$JS.API.${method}`, JSON.stringify(body), { timeout: 5_000 });
  const answer = JSON.parse(Buffer.from(data).toString()) as { readonly error?: unknown };
  if (answer.error !== undefined) {
    throw new TypeError(`${method}: ${JSON.stringify(answer.error)}`);
  }
  return answer;
}
