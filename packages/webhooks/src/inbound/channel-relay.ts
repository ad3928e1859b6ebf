import { setTimeout as delay } from "node:timers/promises";
import type { ConsumerMessages, JetStreamClient, JetStreamManager, JsMsg } from "@nats-io/jetstream";
import { AckPolicy, DeliverPolicy, JetStreamApiError } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { nanos } from "@nats-io/transport-node";
import type { Logger } from "@tidegate/runtime";
import { HOPS_HEADER, MOST_HOPS, readHops } from "../hops.ts";
import { channelMessageHeaders } from "./hook-message.ts";
import type { HookMetrics } from "./hook-metrics.ts";
import type { HookNames } from "./hook-store.ts";

export interface ChannelRelayParts {
  readonly nats: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly names: HookNames;
  /** `rt`: channels are subjects below it. */
  readonly channelPrefix: string;
  /** By the name of the source. */
  readonly channels: ReadonlyMap<string, string>;
  readonly metrics: HookMetrics;
  readonly logger: Logger;
}

/** One consumer for all processes: they share the work. */
const CONSUMER = "channels";
/** With other channels; with the same ones, making it again changes nothing. */
const CONSUMER_EXISTS = 10_148;
const ACK_WAIT_MS = 30_000;
const RETRY_MS = 1_000;
const PUBLISH_TIMEOUT_MS = 5_000;
/** For how long it is remembered whether a channel keeps history. */
const LOOKUP_MS = 30_000;
/** What goes round does so for every message of the channel. */
const LOOP_LOG_MS = 60_000;

interface Lookup {
  readonly keepsHistory: boolean;
  readonly untilMs: number;
}

/**
 * Passes stored deliveries on to the channels of their sources. It reads them from the stream: a delivery that was answered with
 * 200 reaches its channel also if the process that received it ends right after.
 */
export class ChannelRelay {
  readonly #parts: ChannelRelayParts;
  readonly #lookups = new Map<string, Lookup>();
  #messages: ConsumerMessages | undefined;
  #toldOfLoop = Number.NEGATIVE_INFINITY;

  constructor(parts: ChannelRelayParts) {
    this.#parts = parts;
  }

  /**
   * Makes the consumer, or changes it to the channels. To be called before the first delivery can be stored: a consumer sees what
   * comes after it.
   *
   * @throws JetStreamApiError with the server's reason.
   */
  async provision(): Promise<void> {
    const { manager, names, channels } = this.#parts;
    const filter_subjects = [...channels.keys()].map((source) => names.deliveries(source));
    try {
      await manager.consumers.add(names.stream, {
        durable_name: CONSUMER,
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(ACK_WAIT_MS),
        deliver_policy: DeliverPolicy.New,
        filter_subjects,
      });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_EXISTS) throw error;
      await manager.consumers.update(names.stream, CONSUMER, { filter_subjects });
    }
  }

  /** Runs until `signal` is aborted; a failing NATS is waited for. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const close = (): void => void this.#messages?.close();
    signal.addEventListener("abort", close, { once: true });
    while (!signal.aborted) {
      try {
        await this.#consume(signal);
      } catch (error) {
        if (signal.aborted) break;
        this.#parts.logger.warn({ err: error }, "deliveries cannot be passed on to channels now");
      }
      await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => {});
    }
    signal.removeEventListener("abort", close);
  }

  async #consume(signal: AbortSignal): Promise<void> {
    const { jetstream, names } = this.#parts;
    // Somebody may have deleted it.
    await this.provision();
    const consumer = await jetstream.consumers.get(names.stream, CONSUMER);
    const messages = await consumer.consume({ abort_on_missing_resource: true });
    if (signal.aborted) {
      // Its promise resolves at the end of an iteration, which is not going to begin.
      void messages.close();
      return;
    }
    this.#messages = messages;
    // One after the other, so that a channel has the order of its stream.
    for await (const message of messages) await this.#pass(message);
  }

  async #pass(message: JsMsg): Promise<void> {
    const { channels, names, metrics, logger } = this.#parts;
    const source = message.subject.slice(names.subject.length + 1).split(".", 1)[0] ?? "";
    const channel = channels.get(source);
    try {
      // A process of another configuration, in the middle of a rollout, may have asked for it.
      if (channel === undefined) throw new TypeError(`source ${source} has no channel here`);
      if (readHops(message.headers?.last(HOPS_HEADER)) >= MOST_HOPS) {
        message.ack();
        metrics.hooksRelayed.child({ outcome: "looping" }).inc();
        this.#tellOfLoop(source, channel);
        return;
      }
      await this.#publish(channel, message);
      message.ack();
      metrics.hooksRelayed.child({ outcome: "published" }).inc();
    } catch (error) {
      message.nak(RETRY_MS);
      metrics.hooksRelayed.child({ outcome: "postponed" }).inc();
      logger.warn({ err: error, source }, "a delivery could not be passed on to its channel yet");
    }
  }

  #tellOfLoop(source: string, channel: string): void {
    const now = performance.now();
    if (now - this.#toldOfLoop < LOOP_LOG_MS) return;
    this.#toldOfLoop = now;
    const message = "a delivery goes round: an endpoint of this channel leads back here";
    this.#parts.logger.warn({ source, channel }, message);
  }

  async #publish(channel: string, message: JsMsg): Promise<void> {
    const { nats, jetstream, channelPrefix, names } = this.#parts;
    const subject = `${channelPrefix}.${channel}`;
    const headers = channelMessageHeaders(message.headers);
    if (await this.#keepsHistory(subject)) {
      // Should the acknowledgement of the delivery be lost, the repetition is recognised.
      const msgID = `${names.stream}:${message.seq}`;
      await jetstream.publish(subject, message.data, { headers, msgID, timeout: PUBLISH_TIMEOUT_MS });
      return;
    }
    nats.publish(subject, message.data, { headers });
  }

  /** Whether a stream takes the channel's messages, and so acknowledges them. */
  async #keepsHistory(subject: string): Promise<boolean> {
    const known = this.#lookups.get(subject);
    if (known !== undefined && performance.now() < known.untilMs) return known.keepsHistory;
    const streams = await this.#parts.manager.streams.names(subject).next();
    const keepsHistory = streams.length > 0;
    this.#lookups.set(subject, { keepsHistory, untilMs: performance.now() + LOOKUP_MS });
    return keepsHistory;
  }
}
