import type { MsgHdrs, NatsConnection } from "@nats-io/transport-node";
import type { HistoryPolicy } from "../src/store/history-policy.ts";
import type { JsonObject } from "../src/store/json-object.ts";
import { parseJsonObject } from "../src/store/json-object.ts";
import { streamSpec } from "../src/store/stream-spec.ts";

/** Small and without replicas. */
export const HISTORY: HistoryPolicy = {
  maxAgeMs: 3_600_000,
  messagesPerChannel: 1_000,
  maxBytes: 64 * 1024 * 1024,
  replicas: 1,
  storage: "file",
  deduplicationMs: 120_000,
};

/** One call of the JetStream API, such as `STREAM.PURGE.rt_chat`; throws with the server's words if it refuses. */
export async function jetStream(
  client: NatsConnection,
  method: string,
  body?: JsonObject,
): Promise<JsonObject> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const { data } = await client.request(`$JS.API.${method}`, payload, { timeout: 5_000 });
  const answer = parseJsonObject(data) ?? {};
  if (answer["error"] !== undefined) throw new Error(`${method}: ${JSON.stringify(answer["error"])}`);
  return answer;
}

/** Makes the stream of a namespace with prefix `rt`. `overrides` replace parts of its configuration. */
export async function makeStream(
  client: NatsConnection,
  namespace: string,
  policy: Partial<HistoryPolicy> = {},
  overrides: JsonObject = {},
): Promise<void> {
  const { name, config } = streamSpec("rt", namespace, { ...HISTORY, ...policy });
  await jetStream(client, `STREAM.CREATE.${name}`, { ...config, ...overrides });
}

/** Publishes into a stream and resolves to the sequence it was given. */
export async function put(
  client: NatsConnection,
  channel: string,
  payload: string,
  options: { readonly headers?: MsgHdrs } = {},
): Promise<number> {
  const { data } = await client.request(`rt.${channel}`, payload, { timeout: 5_000, ...options });
  const answer = parseJsonObject(data) ?? {};
  const sequence = answer["seq"];
  if (typeof sequence !== "number") throw new Error(JSON.stringify(answer));
  return sequence;
}
