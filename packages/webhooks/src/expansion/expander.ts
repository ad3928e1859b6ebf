import { setTimeout as delay } from "node:timers/promises";
import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { DeliverPolicy, JetStreamApiError } from "@nats-io/jetstream";
import { EPOCH_METADATA, EVENT_HEADER, streamEpoch } from "@tidegate/broker";
import { encodePosition } from "@tidegate/protocol";
import type { EndpointDirectory } from "../endpoints/endpoint-directory.ts";
import { HOPS_HEADER, readHops } from "../hops.ts";
import type { Clock } from "../queue/clock.ts";
import type { MessageStore } from "../queue/message-store.ts";
import { renewalMs } from "../queue/takeover-times.ts";
import type { TaskQueue } from "../queue/task-queue.ts";
import type { WebhookLink } from "../queue/webhook-link.ts";
import { traceOfHeaders } from "../trace-headers.ts";
import { WebhooksError } from "../webhooks-error.ts";
import { Checkpoint } from "./checkpoint.ts";
import type { ExpansionSource } from "./expansion-source.ts";
import { OrderedFloor } from "./ordered-floor.ts";
import { Silence } from "./silence.ts";

export interface ExpanderParts {
  readonly link: WebhookLink;
  readonly source: ExpansionSource;
  readonly directory: EndpointDirectory;
  readonly messages: MessageStore;
  readonly queue: TaskQueue;
  /** Unique among the processes. */
  readonly owner: string;
  /** An owner who has written nothing for so long is gone. */
  readonly takeoverMs: number;
  readonly now: Clock;
  readonly onExpanded: (deliveries: number) => void;
  /** A message that no delivery can be made of. */
  readonly onSkipped: () => void;
  readonly onTrouble: (error: unknown) => void;
}

/** What a crash makes be expanded anew, where the ids of the tasks are recognised. */
const CHECKPOINT_MS = 250;
const PAUSE_MS = 1_000;
/** Messages whose deliveries are being stored. */
const IN_FLIGHT = 256;
/** A consumer that was lost with its server is noticed when heartbeats are missing, two or three of them: they come twice in this time. */
const EXPIRES_MS = 4_000;
/** Without a heartbeat, a pull or a message for so long, it does not matter why. */
const SILENT_MS = 3 * EXPIRES_MS;
const STREAM_NOT_FOUND = 10_059;

/**
 * Turns the messages of one stream into deliveries, one task for each endpoint that wants the message. One process at a time does it, so that
 * ordered endpoints get tasks in order; the others wait for it to fall silent. It reads from its own checkpoint and not through a durable
 * consumer: that would, after a crash, give out new messages before those that were not acknowledged.
 */
export class Expander {
  /** Resolves when every message that is published from now on will be expanded, here or by the process that owns the stream. */
  readonly ready: Promise<void>;
  readonly #parts: ExpanderParts;
  readonly #stopped = new AbortController();
  readonly #ended: Promise<void>;
  readonly #resolveReady: () => void;
  /** The last write of each channel that has ordered deliveries under way. */
  readonly #channels = new Map<string, Promise<void>>();

  constructor(parts: ExpanderParts) {
    this.#parts = parts;
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.#resolveReady = ready.resolve;
    this.#ended = this.#run();
  }

  /** Ends after what it has begun is stored. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#own(signal);
      } catch (error) {
        if (!signal.aborted) this.#parts.onTrouble(error);
      }
      await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Waits until nobody else owns the stream, takes it, and expands until stopped, or until somebody else has taken it. */
  async #own(signal: AbortSignal): Promise<void> {
    const { link, source, owner, takeoverMs } = this.#parts;
    const checkpoint = new Checkpoint(link.checkpoints, source.name);
    let { record, revision } = await checkpoint.read();
    if (record !== undefined) this.#resolveReady();
    while (record !== undefined && record.owner !== owner && record.owner !== "") {
      await delay(takeoverMs, undefined, { signal });
      const again = await checkpoint.read();
      if (again.revision === revision) break;
      ({ record, revision } = again);
    }
    const found = await this.#inspect();
    if (found === undefined) {
      // Once it is made, its first message counts.
      if (record === undefined) await checkpoint.write({ epoch: "", sequence: 0, owner: "" });
      this.#resolveReady();
      return;
    }
    const { epoch, lastSequence } = found;
    // The first time of all begins with what comes; a stream that was made anew, with its first message.
    const sequence = record === undefined ? lastSequence : record.epoch === epoch ? record.sequence : 0;
    await checkpoint.write({ epoch, sequence, owner });
    this.#resolveReady();
    await this.#expand(checkpoint, epoch, sequence, signal);
  }

  /** undefined if the stream is missing. */
  async #inspect(): Promise<{ epoch: string; lastSequence: number } | undefined> {
    const { link, source } = this.#parts;
    const info = await link.jsm.streams.info(source.stream).catch((error: unknown) => {
      if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return undefined;
      throw error;
    });
    if (info === undefined) return undefined;
    const { config, created, state } = info;
    const bump = config.metadata?.[EPOCH_METADATA] ?? "";
    return { epoch: streamEpoch(source.stream, created, bump), lastSequence: state.last_seq };
  }

  async #expand(checkpoint: Checkpoint, epoch: string, start: number, signal: AbortSignal): Promise<void> {
    const { link, source, owner, takeoverMs } = this.#parts;
    const consumer = await link.js.consumers.get(source.stream, {
      filter_subjects: [...source.subjects],
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: start + 1,
    });
    const messages = await consumer.consume({ max_messages: IN_FLIGHT, expires: EXPIRES_MS });
    const stop = () => messages.stop();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const floor = new OrderedFloor(start, IN_FLIGHT);
    let failure: unknown;
    const silence = new Silence(SILENT_MS, () => performance.now());
    const giveUp = () => {
      failure = new WebhooksError("unavailable", `${source.stream} has fallen silent`);
      messages.stop();
    };
    void untilMissed(messages, silence).then((missed) => {
      if (missed) giveUp();
    });
    let writtenAt = performance.now();
    let written = start;
    const save = async () => {
      const sequence = floor.value;
      if (sequence === written && performance.now() - writtenAt < renewalMs(takeoverMs)) return;
      await checkpoint.write({ epoch, sequence, owner });
      written = sequence;
      writtenAt = performance.now();
    };
    const saving = setInterval(() => {
      if (silence.isTooLong) giveUp();
      save().catch((error: unknown) => {
        // Somebody else has written, or NATS does not answer: what is stored decides, so read it again.
        failure = error;
        messages.stop();
      });
    }, CHECKPOINT_MS);
    try {
      await this.#follow(messages, floor, epoch, silence);
      await floor.settled();
    } finally {
      clearInterval(saving);
      signal.removeEventListener("abort", stop);
      messages.stop();
    }
    if (failure !== undefined) throw failure;
    // Whoever waits for the stream need not wait for silence.
    await checkpoint.write({ epoch, sequence: floor.value, owner: "" });
  }

  async #follow(
    messages: ConsumerMessages,
    floor: OrderedFloor,
    epoch: string,
    silence: Silence,
  ): Promise<void> {
    for await (const message of messages) {
      await floor.begin(message.seq);
      silence.heard();
      const work = this.#one(message, epoch);
      work.then(
        () => floor.end(message.seq),
        (error: unknown) => {
          // Only the end of the service keeps a write from being repeated: the floor must stay below.
          this.#parts.onTrouble(error);
          messages.stop();
          floor.abandon();
        },
      );
    }
  }

  async #one(found: JsMsg, epoch: string): Promise<void> {
    const { source, directory, messages, queue, now, onExpanded, onSkipped } = this.#parts;
    const channel = source.channelOf(found.subject);
    if (channel === undefined) return;
    const event = found.headers?.last(EVENT_HEADER) || undefined;
    const endpoints = directory.matching({ channel, event, payload: found.data });
    if (endpoints.length === 0) return;
    const id = encodePosition({ epoch, sequence: found.seq });
    const time = Math.floor(found.info.timestampNanos / 1_000_000);
    const hops = readHops(found.headers?.last(HOPS_HEADER));
    const trace = traceOfHeaders(found.headers);
    const message = { id, channel, event, time, payload: new Uint8Array(found.data), hops, trace };
    const since = now();
    const add = async () => {
      const copy = await messages.store(message, id);
      await Promise.all(
        endpoints.map((endpoint) =>
          queue.add(
            { endpoint: endpoint.id, id, channel, message: copy, attempt: 1, since, run: "" },
            endpoint.ordering,
          ),
        ),
      );
    };
    try {
      const isOrdered = endpoints.some(({ ordering }) => ordering === "fifo");
      await (isOrdered ? this.#afterOthers(channel, add) : add());
    } catch (error) {
      if (!(error instanceof WebhooksError) || error.code !== "invalid") throw error;
      onSkipped();
      return;
    }
    onExpanded(endpoints.length);
  }

  /** Two writes that are under way together may be repeated in another order: those of a channel wait for each other. */
  async #afterOthers(channel: string, add: () => Promise<void>): Promise<void> {
    const before = this.#channels.get(channel) ?? Promise.resolve();
    const work = before.then(add, add);
    const settled = work.catch(() => {});
    this.#channels.set(channel, settled);
    await work.finally(() => {
      if (this.#channels.get(channel) === settled) this.#channels.delete(channel);
    });
  }
}

/**
 * Resolves with true when heartbeats are missing: the consumer was lost with its server. nats.js makes it anew by itself, but gave nothing for
 * a minute where the stream had no leader at that moment. With false when the consumer was stopped. Nobody counts heartbeats where
 * the connection was lost with that server, too, and nats.js is making the consumer anew since it is back: hence the silence.
 */
async function untilMissed(messages: ConsumerMessages, silence: Silence): Promise<boolean> {
  for await (const { type } of messages.status()) {
    if (type === "heartbeats_missed") return true;
    if (type === "heartbeat" || type === "next") silence.heard();
  }
  return false;
}
