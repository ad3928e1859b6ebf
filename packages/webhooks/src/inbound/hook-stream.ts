import type { JetStreamManager, StreamConfig } from "@nats-io/jetstream";
import { DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { WebhooksError } from "../webhooks-error.ts";
import type { HookNames } from "./hook-store.ts";

export interface HookStreamPolicy {
  /** For how long a repetition is recognised, and deliveries can be read again. */
  readonly keepMs: number;
  /** Deliveries are refused with 503 when this is full. */
  readonly maxBytes: number;
  readonly replicas: number;
}

const STREAM_NOT_FOUND = 10_059;
const NAME_IN_USE = 10_058;

/**
 * Makes the stream that keeps deliveries, or changes it to the policy. Safe to call from several processes at once.
 *
 * @throws WebhooksError `unavailable`, with the reason of the server.
 */
export async function provisionHookStream(
  manager: JetStreamManager,
  names: HookNames,
  policy: HookStreamPolicy,
): Promise<void> {
  const wanted = configOf(names, policy);
  try {
    const current = await currentConfig(manager, names.stream);
    if (current === undefined) {
      try {
        await manager.streams.add(wanted);
        return;
      } catch (error) {
        // Another process was faster, with another policy.
        if (codeOf(error) !== NAME_IN_USE) throw error;
      }
    } else if (fits(current, wanted)) {
      return;
    }
    await manager.streams.update(names.stream, wanted);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "no reason given";
    throw new WebhooksError(
      "unavailable",
      `stream ${names.stream} cannot be made as it should be: ${reason}`,
      {
        cause,
      },
    );
  }
}

function configOf({ subject, stream }: HookNames, policy: HookStreamPolicy) {
  return {
    name: stream,
    subjects: [`${subject}.*.*`],
    // With any other retention an acknowledgement would delete the message, and the memory of its having come.
    retention: RetentionPolicy.Limits,
    // Making room by forgetting the oldest would shorten the time in which repetitions are recognised.
    discard: DiscardPolicy.New,
    storage: StorageType.File,
    max_age: nanos(policy.keepMs),
    max_bytes: policy.maxBytes,
    num_replicas: policy.replicas,
    allow_direct: true,
  } as const satisfies Partial<StreamConfig>;
}

function fits(current: StreamConfig, wanted: ReturnType<typeof configOf>): boolean {
  return (
    current.subjects?.join() === wanted.subjects.join() &&
    current.discard === wanted.discard &&
    current.max_age === wanted.max_age &&
    current.max_bytes === wanted.max_bytes &&
    current.num_replicas === wanted.num_replicas &&
    current.allow_direct === wanted.allow_direct &&
    current.retention === wanted.retention
  );
}

async function currentConfig(manager: JetStreamManager, stream: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(stream)).config;
  } catch (error) {
    if (codeOf(error) === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

function codeOf(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}
