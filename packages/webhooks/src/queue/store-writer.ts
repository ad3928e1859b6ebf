import { setTimeout as delay } from "node:timers/promises";
import type { JetStreamClient, JetStreamPublishOptions, PubAck } from "@nats-io/jetstream";
import { JetStreamApiError } from "@nats-io/jetstream";
import { WebhooksError } from "../webhooks-error.ts";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** Message size exceeds what the stream or the server takes. */
const TOO_LARGE = 10_054;

/** Writes into streams, and goes on until it is written: whoever acknowledges something must know that the next step is stored. */
export class StoreWriter {
  readonly #js: JetStreamClient;
  readonly #signal: AbortSignal;
  readonly #onTrouble: (error: unknown) => void;

  /** @param signal gives up what is not written yet. */
  constructor(js: JetStreamClient, signal: AbortSignal, onTrouble: (error: unknown) => void) {
    this.#js = js;
    this.#signal = signal;
    this.#onTrouble = onTrouble;
  }

  /**
   * Give what must not be stored twice a `msgID`: a write whose answer is lost is repeated.
   *
   * @throws WebhooksError `invalid` for what no stream will ever take, `unavailable` when the signal aborts.
   */
  async write(
    subject: string,
    payload: Uint8Array | string,
    options: Partial<JetStreamPublishOptions> = {},
  ): Promise<PubAck> {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      if (this.#signal.aborted) throw new WebhooksError("unavailable", "the service is ending");
      try {
        return await this.#js.publish(subject, payload, options);
      } catch (error) {
        if (isTooLarge(error)) {
          throw new WebhooksError("invalid", "the message is larger than NATS takes", { cause: error });
        }
        this.#onTrouble(error);
      }
      await delay(pause * (0.5 + Math.random()), undefined, { signal: this.#signal }).catch(() => {});
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }
}

function isTooLarge(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.code === TOO_LARGE;
  return error instanceof Error && /max_payload/i.test(error.message);
}
