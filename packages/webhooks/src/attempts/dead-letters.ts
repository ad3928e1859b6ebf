import type { StoredMsg } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import type { DeadReason } from "../delivery/retry-policy.ts";
import type { DeliveryTask } from "../queue/delivery-task.ts";
import type { StoreWriter } from "../queue/store-writer.ts";
import type { WebhookLink } from "../queue/webhook-link.ts";
import type { WebhookMessage } from "../queue/webhook-message.ts";
import { readPage } from "./read-page.ts";

/** A delivery that was given up. */
export interface DeadLetter {
  readonly endpoint: string;
  /** The id of the message. */
  readonly message: string;
  readonly channel: string;
  readonly event?: string | undefined;
  /** As of the message; left out for 0. */
  readonly hops?: number | undefined;
  /** When the message was published, in milliseconds since the epoch. */
  readonly time: number;
  readonly reason: DeadReason;
  /** Attempts that were made. */
  readonly attempts: number;
  /** What went wrong last, if an attempt was made. */
  readonly error?: string | undefined;
  /** When it was given up. */
  readonly at: number;
}

export interface StoredDeadLetter {
  readonly letter: DeadLetter;
  readonly sequence: number;
  /** Empty for one whose message was lost. */
  readonly payload: Uint8Array;
}

export interface DeadLetterPage {
  readonly letters: readonly StoredDeadLetter[];
  readonly next: number | undefined;
}

const HEADER = "Tidegate-Dead-Letter";

/**
 * Deliveries that were given up, with their payloads: they outlive the copies of messages. One per message and endpoint, the newest.
 */
export class DeadLetters {
  readonly #link: WebhookLink;
  readonly #writer: StoreWriter;

  constructor(link: WebhookLink, writer: StoreWriter) {
    this.#link = link;
    this.#writer = writer;
  }

  async add(
    task: DeliveryTask,
    message: WebhookMessage | undefined,
    why: Pick<DeadLetter, "reason" | "attempts" | "error" | "at">,
  ): Promise<void> {
    const letter: DeadLetter = {
      endpoint: task.endpoint,
      message: task.id,
      channel: task.channel,
      event: message?.event,
      hops: message?.hops === 0 ? undefined : message?.hops,
      time: message?.time ?? task.since,
      ...why,
    };
    const block = headers();
    // Header values are bytes of a line; JSON keeps control characters out, and this everything but ASCII.
    block.set(HEADER, encodeURI(JSON.stringify(letter)));
    const subject = this.#link.names.deadLetter(task.endpoint, task.id);
    await this.#writer.write(subject, message?.payload ?? new Uint8Array(), { headers: block });
  }

  async get(endpoint: string, message: string): Promise<StoredDeadLetter | undefined> {
    const { jsm, names } = this.#link;
    const subject = names.deadLetter(endpoint, message);
    const found = await jsm.direct.getMessage(names.deadLetterStream, { last_by_subj: subject });
    return found === null ? undefined : stored(found);
  }

  async list(
    endpoint: string,
    range: { readonly since: number; readonly after: number; readonly limit: number },
  ): Promise<DeadLetterPage> {
    const { names } = this.#link;
    const subject = names.deadLetters(endpoint);
    const page = await readPage(this.#link, names.deadLetterStream, { subject, ...range }, stored);
    return { letters: page.items, next: page.next };
  }

  /** It is being delivered again. */
  async remove(sequence: number): Promise<void> {
    await this.#link.jsm.streams.deleteMessage(this.#link.names.deadLetterStream, sequence, false);
  }
}

function stored(found: StoredMsg): StoredDeadLetter {
  return {
    letter: JSON.parse(decodeURI(found.header.last(HEADER))) as DeadLetter,
    sequence: found.seq,
    payload: new Uint8Array(found.data),
  };
}
