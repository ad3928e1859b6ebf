import { setTimeout as delay } from "node:timers/promises";
import type { MsgHdrs } from "@nats-io/transport-node";
import { headers } from "@nats-io/transport-node";
import { HOPS_HEADER, readHops } from "../hops.ts";
import { setTraceHeaders, traceOfHeaders } from "../trace-headers.ts";
import type { WebhookNames } from "../webhook-names.ts";
import type { StoreWriter } from "./store-writer.ts";
import type { WebhookLink } from "./webhook-link.ts";
import type { WebhookMessage } from "./webhook-message.ts";

const ID_HEADER = "Tidegate-Message";
const EVENT_HEADER = "Tidegate-Event";
const TIME_HEADER = "Tidegate-Time";

/** A replica may answer that is behind: only the leader knows that there is no such message. */
const REPLICA_PAUSES_MS = [5, 20, 50];
const NO_MESSAGE_FOUND = 10_037;

/**
 * Copies of the messages that some endpoint wants, one for all endpoints. Tasks name them by sequence: a queue of thousands of
 * deliveries holds each payload once. The newest are kept in memory, within a limit of bytes.
 */
export class MessageStore {
  readonly #link: WebhookLink;
  readonly #writer: StoreWriter;
  readonly #cacheBytes: number;
  readonly #cache = new Map<number, WebhookMessage>();
  #cached = 0;

  constructor(link: WebhookLink, writer: StoreWriter, cacheBytes: number) {
    this.#link = link;
    this.#writer = writer;
    this.#cacheBytes = cacheBytes;
  }

  /**
   * @param key what makes it the same message; a repetition within the window of the stream gives the same sequence.
   * @returns its sequence.
   * @throws WebhooksError as `StoreWriter.write`.
   */
  async store(message: WebhookMessage, key: string): Promise<number> {
    return await this.#write(this.#link.names.message(message.channel), message, key);
  }

  /** Stores what has been a dead letter. Otherwise as `store`. */
  async revive(message: WebhookMessage, key: string): Promise<number> {
    return await this.#write(this.#link.names.revived(message.channel), message, key);
  }

  async #write(subject: string, message: WebhookMessage, key: string): Promise<number> {
    const block = headers();
    block.set(ID_HEADER, message.id);
    block.set(TIME_HEADER, String(message.time));
    if (message.event !== undefined) block.set(EVENT_HEADER, message.event);
    if (message.hops > 0) block.set(HOPS_HEADER, String(message.hops));
    setTraceHeaders(block, message.trace);
    const { seq } = await this.#writer.write(subject, message.payload, { headers: block, msgID: key });
    this.#remember(seq, message);
    return seq;
  }

  /** @returns undefined if it is not kept any more. Rejects when NATS does not answer. */
  async read(sequence: number): Promise<WebhookMessage | undefined> {
    const known = this.#cache.get(sequence);
    if (known !== undefined) return known;
    const found = await this.#fetch(sequence);
    if (found === undefined) return undefined;
    const message = storedMessage(this.#link.names, found.subject, found.header, found.data);
    this.#remember(sequence, message);
    return message;
  }

  async #fetch(seq: number) {
    const { jsm, names } = this.#link;
    for (const pause of REPLICA_PAUSES_MS) {
      const found = await jsm.direct.getMessage(names.messageStream, { seq });
      if (found !== null) return found;
      await delay(pause);
    }
    try {
      return (await jsm.streams.getMessage(names.messageStream, { seq })) ?? undefined;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === NO_MESSAGE_FOUND) return undefined;
      throw error;
    }
  }

  #remember(sequence: number, message: WebhookMessage): void {
    if (this.#cache.has(sequence) || message.payload.length > this.#cacheBytes) return;
    this.#cache.set(sequence, message);
    this.#cached += message.payload.length;
    for (const [oldest, { payload }] of this.#cache) {
      if (this.#cached <= this.#cacheBytes) break;
      this.#cache.delete(oldest);
      this.#cached -= payload.length;
    }
  }
}

/** A message as its copy says. */
export function storedMessage(
  names: WebhookNames,
  subject: string,
  block: MsgHdrs | undefined,
  data: Uint8Array,
): WebhookMessage {
  const event = block?.last(EVENT_HEADER) ?? "";
  return {
    id: block?.last(ID_HEADER) ?? "",
    channel: subject.slice(names.message("").length),
    event: event === "" ? undefined : event,
    time: Number(block?.last(TIME_HEADER) ?? 0),
    // A view would hold on to the whole read of the socket.
    payload: new Uint8Array(data),
    hops: readHops(block?.last(HOPS_HEADER)),
    trace: traceOfHeaders(block),
  };
}
