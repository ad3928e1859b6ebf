import { setTimeout as delay } from "node:timers/promises";
import type { ConsumerConfig, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { JetStreamApiError } from "@nats-io/jetstream";
import type { ConsumerInstruments } from "./consumer-instruments.ts";
import { ConsumerRefusal } from "./consumer-refusal.ts";
import { endConsuming } from "./end-consuming.ts";
import type { WebhookLink } from "./webhook-link.ts";

export interface KeptConsumerOptions {
  readonly link: WebhookLink;
  readonly stream: string;
  readonly config: Partial<ConsumerConfig> & { readonly durable_name: string };
  /** Asked for ahead of what has been handled. */
  readonly maxMessages: number;
  /** Must not throw: an exception would end the reader of the whole connection. It is reported all the same. */
  readonly onMessage: (message: JsMsg) => void;
  readonly instruments: ConsumerInstruments;
}

const PAUSE_MS = 1_000;
/** Somebody has to do something first. */
const REFUSED_PAUSE_MS = 3_000;
/** A pull that the server has forgotten is noticed within twice the heartbeat, which is half of this. */
const EXPIRES_MS = 10_000;
/** With another configuration; with the same one, making it again changes nothing. */
const CONSUMER_EXISTS = 10_148;

/**
 * Takes messages of a durable consumer for as long as it is wanted, and begins again when the consumer or the pull was lost.
 *
 * A consumer that is there with another configuration is changed once, at the beginning, and from then on taken as it is. So the process that
 * started last decides, which is one of the new version when an upgrade is over; two versions side by side do not change it back and forth.
 */
export class KeptConsumer {
  readonly #options: KeptConsumerOptions;
  readonly #stopped = new AbortController();
  readonly #ended: Promise<void>;
  #messages: ConsumerMessages | undefined;
  /** Whether the consumer has been as it is wanted here. */
  #settled = false;

  constructor(options: KeptConsumerOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** No message is handed over after this: what is on its way is given back. Those that were are their owner's. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    if (this.#messages !== undefined) await endConsuming(this.#messages);
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const { config, instruments } = this.#options;
    while (!signal.aborted) {
      let pause = PAUSE_MS;
      try {
        await this.#consume(signal);
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof ConsumerRefusal) {
          instruments.consumerRefused(config.durable_name, error);
          pause = REFUSED_PAUSE_MS;
        } else instruments.troubled(error);
      }
      if (!signal.aborted) await delay(pause, undefined, { signal }).catch(() => {});
    }
    instruments.consumerSettled(config.durable_name);
  }

  async #consume(signal: AbortSignal): Promise<void> {
    const { link, stream, config, maxMessages, onMessage, instruments } = this.#options;
    await this.#provide();
    const consumer = await link.js.consumers.get(stream, config.durable_name);
    if (signal.aborted) return;
    const messages = await consumer.consume({
      max_messages: maxMessages,
      expires: EXPIRES_MS,
      abort_on_missing_resource: true,
      callback: (message) => {
        if (signal.aborted) return message.nak();
        try {
          onMessage(message);
        } catch (error) {
          instruments.troubled(error);
        }
      },
    });
    this.#messages = messages;
    if (signal.aborted) void endConsuming(messages);
    const error = await messages.closed();
    this.#messages = undefined;
    if (error instanceof Error && !signal.aborted) throw error;
  }

  /** Makes the consumer, or sees to it that the one that is there will do. */
  async #provide(): Promise<void> {
    const { link, stream, config, instruments } = this.#options;
    const { consumers } = link.jsm;
    const { durable_name } = config;
    const wanted: Partial<ConsumerConfig> = { ack_policy: "explicit", ...config };
    try {
      await consumers.add(stream, wanted);
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_EXISTS) throw error;
      const { config: actual } = await consumers.info(stream, durable_name);
      const fields = differences(wanted, actual);
      if (actual.deliver_subject !== undefined) {
        throw new ConsumerRefusal([...fields, "deliver_subject"], "it pushes, and is to be pulled from");
      }
      if (!this.#settled && fields.length > 0) {
        await consumers.update(stream, durable_name, wanted).catch((cause: unknown) => {
          throw ConsumerRefusal.from(fields, cause);
        });
        instruments.consumerChanged(durable_name, fields);
      }
    }
    this.#settled = true;
    instruments.consumerSettled(durable_name);
  }
}

/** The fields in which a consumer is not as it is wanted. What nobody asked for is an operator's, or of the server. */
function differences(wanted: Partial<ConsumerConfig>, actual: ConsumerConfig): readonly string[] {
  return Object.entries(wanted)
    .filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(actual, field)))
    .map(([field]) => field);
}
