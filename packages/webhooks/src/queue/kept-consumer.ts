import { setTimeout as delay } from "node:timers/promises";
import type { ConsumerConfig, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
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
  readonly onTrouble: (error: unknown) => void;
}

const PAUSE_MS = 1_000;
/** A pull that the server has forgotten is noticed within twice the heartbeat, which is half of this. */
const EXPIRES_MS = 10_000;

/** Takes messages of a durable consumer for as long as it is wanted, and begins again when the consumer or the pull was lost. */
export class KeptConsumer {
  readonly #options: KeptConsumerOptions;
  readonly #stopped = new AbortController();
  readonly #ended: Promise<void>;
  #messages: ConsumerMessages | undefined;

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
    while (!signal.aborted) {
      try {
        await this.#consume(signal);
      } catch (error) {
        if (!signal.aborted) this.#options.onTrouble(error);
      }
      if (!signal.aborted) await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #consume(signal: AbortSignal): Promise<void> {
    const { link, stream, config, maxMessages, onMessage, onTrouble } = this.#options;
    await link.jsm.consumers.add(stream, { ack_policy: "explicit", ...config });
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
          onTrouble(error);
        }
      },
    });
    this.#messages = messages;
    if (signal.aborted) void endConsuming(messages);
    const error = await messages.closed();
    this.#messages = undefined;
    if (error instanceof Error && !signal.aborted) throw error;
  }
}
