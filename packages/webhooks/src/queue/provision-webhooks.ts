import type { StreamConfig } from "@nats-io/jetstream";
import { JetStreamApiError, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import type { WebhookNames } from "../webhook-names.ts";

/** What the streams of webhooks keep. Ages in milliseconds. */
export interface WebhookRetention {
  readonly replicas: number;
  /** Copies of messages: longer than retries go on, and how far back can be replayed. */
  readonly messagesMs: number;
  readonly attemptsMs: number;
  readonly deadLettersMs: number;
  /** For each of the streams; the oldest make way. */
  readonly maxBytes: number;
}

/** How long an expander may be away without making a delivery twice. The server holds the ids of this time in memory. */
const DEDUPLICATION_MS = 120_000;
const EVENTS_MS = 86_400_000;
const API_TIMEOUT_MS = 15_000;
const STREAM_NOT_FOUND = 10_059;

const nanos = (ms: number): number => ms * 1_000_000;

type Wanted = Pick<StreamConfig, "name" | "subjects" | "num_replicas"> & Partial<StreamConfig>;

/**
 * Makes the streams and buckets of webhooks, or changes them to what is wanted; does nothing where they are right. May run at the same time
 * in several processes.
 */
export async function provisionWebhooks(
  nats: NatsConnection,
  names: WebhookNames,
  retention: WebhookRetention,
): Promise<void> {
  const jsm = await jetstreamManager(nats, { timeout: API_TIMEOUT_MS, checkAPI: false });
  for (const wanted of webhookStreams(names, retention)) {
    try {
      const { config } = await jsm.streams.info(wanted.name);
      if (differs(wanted, config)) await jsm.streams.update(wanted.name, { ...config, ...wanted });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NOT_FOUND) throw error;
      await jsm.streams.add(wanted);
    }
  }
  const kvm = new Kvm(jetstream(nats, { timeout: API_TIMEOUT_MS, checkAPI: false }));
  for (const bucket of [names.endpointBucket, names.healthBucket, names.checkpointBucket]) {
    await kvm.create(bucket, { replicas: retention.replicas, history: 1 });
  }
}

function webhookStreams(names: WebhookNames, retention: WebhookRetention): readonly Wanted[] {
  const { prefix } = names;
  const { replicas, messagesMs, attemptsMs, deadLettersMs, maxBytes } = retention;
  const common = { num_replicas: replicas, storage: "file", discard: "old", allow_direct: true } as const;
  return [
    {
      ...common,
      name: names.queueStream,
      subjects: [`${prefix}wh.q.>`, `${prefix}wh.s.>`, `${prefix}wh.f.>`],
      // What is acknowledged goes. A limit on size would drop deliveries silently, so there is none but the server's.
      retention: "workqueue",
      allow_msg_schedules: true,
      duplicate_window: nanos(DEDUPLICATION_MS),
    },
    {
      ...common,
      name: names.messageStream,
      subjects: [`${prefix}wh.m.>`, `${prefix}wh.r.>`],
      retention: "limits",
      max_age: nanos(messagesMs),
      max_bytes: maxBytes,
      duplicate_window: nanos(DEDUPLICATION_MS),
    },
    {
      ...common,
      name: names.attemptStream,
      subjects: [`${prefix}wh.a.>`],
      retention: "limits",
      max_age: nanos(attemptsMs),
      max_bytes: maxBytes,
      duplicate_window: nanos(DEDUPLICATION_MS),
    },
    {
      ...common,
      name: names.deadLetterStream,
      subjects: [`${prefix}wh.d.>`],
      retention: "limits",
      max_age: nanos(deadLettersMs),
      max_bytes: maxBytes,
      max_msgs_per_subject: 1,
    },
    {
      ...common,
      name: names.eventStream,
      subjects: [`${names.eventNamespace}.>`],
      retention: "limits",
      max_age: nanos(EVENTS_MS),
      max_bytes: maxBytes,
    },
  ];
}

function differs(wanted: Wanted, actual: StreamConfig): boolean {
  return Object.entries(wanted).some(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(actual, field)),
  );
}
