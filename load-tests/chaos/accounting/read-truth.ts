import { setTimeout as delay } from "node:timers/promises";
import type { NatsConnection } from "@tidegate/testkit";
import { LoadTestError } from "../../load-test-error.ts";
import { asNumbered } from "../numbered-payload.ts";
import { readStreamInfo } from "../stack/stream-info.ts";
import type { ChannelTruth } from "./channel-truth.ts";

const BATCH = 1000;
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_LIMIT_MS = 10_000;
/** A replica may be behind for a moment; its leader is not. */
const RETRY_MS = 100;
const MAX_RETRIES = 100;
const END_OF_BATCH = 204;
const NOTHING_THERE = 404;

interface Stored {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: string;
}

/**
 * Reads what a stream holds behind a sequence: the ground truth of a round.
 *
 * @param prefix what stands before a channel in its subject
 * @throws LoadTestError `server_failed` if it cannot be read to the end that its leader knows.
 */
export async function readTruth(
  nats: NatsConnection,
  stream: string,
  prefix: string,
  behind: number,
): Promise<readonly ChannelTruth[]> {
  const { lastSequence } = await readStreamInfo(nats, stream);
  const byChannel = new Map<string, { readonly numbers: number[]; readonly sequences: number[] }>();
  let next = behind + 1;
  let retries = 0;
  while (next <= lastSequence) {
    const batch = await readBatch(nats, stream, next);
    for (const { sequence, subject, payload } of batch) {
      const message = asNumbered(parse(payload));
      next = sequence + 1;
      if (sequence > lastSequence || message === undefined) {
        continue;
      }
      const channel = subject.slice(prefix.length + 1);
      const truth = byChannel.get(channel) ?? { numbers: [], sequences: [] };
      byChannel.set(channel, truth);
      truth.numbers.push(message.number);
      truth.sequences.push(sequence);
    }
    if (batch.length === 0) {
      retries += 1;
      if (retries > MAX_RETRIES) {
        throw new LoadTestError("server_failed", `${stream} cannot be read from ${next} to ${lastSequence}`);
      }
      await delay(RETRY_MS);
    }
  }
  return [...byChannel].map(([channel, truth]) => ({ channel, ...truth }));
}

async function readBatch(nats: NatsConnection, stream: string, from: number): Promise<readonly Stored[]> {
  const messages: Stored[] = [];
  const done = Promise.withResolvers<void>();
  const inbox = `_INBOX.chaos.${crypto.randomUUID()}`;
  const timer = setTimeout(() => done.resolve(), BATCH_LIMIT_MS);
  const subscription = nats.subscribe(inbox, {
    callback: (error, message) => {
      const code = message?.headers?.code ?? 0;
      if (error !== null || code === END_OF_BATCH || code === NOTHING_THERE || code >= 400) {
        done.resolve();
        return;
      }
      messages.push({
        sequence: Number(message.headers?.last("Nats-Sequence")),
        subject: message.headers?.last("Nats-Subject") ?? "",
        payload: message.string(),
      });
    },
  });
  try {
    nats.publish(
      `$JS.API.DIRECT.GET.${stream}`,
      JSON.stringify({ seq: from, batch: BATCH, max_bytes: BATCH_BYTES }),
      { reply: inbox },
    );
    await done.promise;
    return messages;
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
