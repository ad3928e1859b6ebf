import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import type { WebhookNames } from "../webhook-names.ts";

/** One connection to NATS and what is used through it. */
export interface WebhookLink {
  readonly nats: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly names: WebhookNames;
  readonly endpoints: KV;
  readonly health: KV;
  readonly checkpoints: KV;
}

const API_TIMEOUT_MS = 5_000;

/** Opens the buckets, which must be there: see `provisionWebhooks`. */
export async function openWebhookLink(nats: NatsConnection, names: WebhookNames): Promise<WebhookLink> {
  // Permissions need not allow to ask for the account.
  const options = { timeout: API_TIMEOUT_MS, checkAPI: false };
  const jsm = await jetstreamManager(nats, options);
  const js = jetstream(nats, options);
  const kvm = new Kvm(js);
  const [endpoints, health, checkpoints] = await Promise.all([
    kvm.open(names.endpointBucket),
    kvm.open(names.healthBucket),
    kvm.open(names.checkpointBucket),
  ]);
  return { nats, js, jsm, names, endpoints, health, checkpoints };
}
