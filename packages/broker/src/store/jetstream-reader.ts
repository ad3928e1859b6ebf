import { BrokerError } from "../broker-error.ts";
import { headerNames, scanHeaders } from "../header-scan.ts";
import { CONNECTION_HEADER, EVENT_HEADER, USER_HEADER } from "../message-headers.ts";
import type { DirectAnswer, DirectGets } from "./direct-gets.ts";
import type { ApiAnswer, JetStreamApi } from "./jetstream-api.ts";
import { MESSAGE_NOT_FOUND, STREAM_NOT_FOUND } from "./jetstream-api.ts";
import type { JsonObject } from "./json-object.ts";
import { asNumber, asObject, asText } from "./json-object.ts";
import type { NamespaceStream } from "./namespace-stream.ts";
import { timeOf } from "./read-stored-message.ts";
import type { StoredMessage } from "./stored-message.ts";
import { tickChannel } from "./stream-name.ts";
import type { Batch, Heads, StreamReader, StreamState } from "./stream-reader.ts";

export interface JetStreamReaderParts {
  readonly stream: NamespaceStream;
  readonly api: JetStreamApi;
  readonly directGets: DirectGets;
  /** `rt.` */
  readonly channelPrefix: string;
}

/** Heads come with their payloads, which nobody wants: so many bytes of them at a time. */
const HEADS_BYTES = 256 * 1024;
/** The server answers for no more subjects at once. */
const MOST_HEADS = 1_024;

const MESSAGE_HEADERS = headerNames(EVENT_HEADER, USER_HEADER, CONNECTION_HEADER);
const NO_BYTES = new Uint8Array();

/** {@link StreamReader} over JetStream. */
export class JetStreamReader implements StreamReader {
  readonly #parts: JetStreamReaderParts;
  readonly #stream: string;

  constructor(parts: JetStreamReaderParts) {
    this.#parts = parts;
    this.#stream = parts.stream.spec.name;
  }

  get namespace(): string {
    return this.#parts.stream.spec.namespace;
  }

  async state(maxAgeMs: number): Promise<StreamState> {
    const { epoch, firstSequence, lastSequence, config } = await this.#parts.stream.info(maxAgeMs);
    const limit = asNumber(config["max_msgs_per_subject"]) ?? 0;
    return {
      epoch,
      firstSequence,
      lastSequence,
      messagesPerChannel: limit > 0 ? limit : Number.POSITIVE_INFINITY,
    };
  }

  async head(channel: string): Promise<number> {
    // Its headers are left out; the payload comes with it, whether wanted or not.
    const message = await this.#askLeader({ last_by_subj: this.#subject(channel), no_hdr: true });
    return asNumber(message?.["seq"]) ?? 0;
  }

  async next(filter: string, from: number): Promise<StoredMessage | undefined> {
    const message = await this.#askLeader({ seq: Math.max(1, from), next_by_subj: this.#subject(filter) });
    if (message === undefined) return undefined;
    const stored = this.#storedMessage(message);
    if (stored === undefined) {
      throw new BrokerError("server_error", `a message of stream ${this.#stream} cannot be read`);
    }
    return stored;
  }

  async batch(filter: string, from: number, limit: number, maxBytes: number): Promise<Batch> {
    const answer = await this.#directGet({
      seq: Math.max(1, from),
      next_by_subj: this.#subject(filter),
      batch: limit,
      max_bytes: maxBytes,
    });
    if (answer.kind === "nothing") return { messages: [], exhausted: true, pending: 0 };
    if (answer.kind === "too_many") throw this.#strange(answer);
    return { messages: answer.messages, exhausted: answer.pending === 0, pending: answer.pending };
  }

  async heads(filter: readonly string[] | string): Promise<Heads | undefined> {
    const filters = typeof filter === "string" ? [filter] : filter;
    if (filters.length > MOST_HEADS) return undefined;
    // The tick makes nearly every answer say how far the replica is; without anything found it would not.
    const tick = tickChannel(this.namespace);
    const addTick = filters.length < MOST_HEADS && !matchesTick(this.namespace, filters);
    const found = await this.#allHeads(addTick ? [...filters, tick] : filters);
    if (addTick) found?.heads.delete(tick);
    return found;
  }

  /**
   * Reads page after page, from the oldest head on. A channel that gets a message between two pages is in both, and the
   * later one counts. Pages may come from different replicas, so together they know the stream up to the least of them.
   */
  async #allHeads(
    filters: readonly string[],
  ): Promise<{ heads: Map<string, number>; upTo: number } | undefined> {
    const subjects = filters.map((filter) => this.#subject(filter));
    const heads = new Map<string, number>();
    let upTo = Number.POSITIVE_INFINITY;
    for (let from = 1; ; ) {
      const answer = await this.#directGet({
        multi_last: subjects,
        seq: from,
        batch: MOST_HEADS,
        max_bytes: HEADS_BYTES,
      });
      if (answer.kind === "too_many") return undefined;
      if (answer.kind === "nothing") return { heads, upTo: 0 };
      for (const { channel, sequence } of answer.messages) heads.set(channel, sequence);
      upTo = Math.min(upTo, answer.upTo ?? 0);
      const last = answer.messages.at(-1);
      if (answer.pending === 0 || last === undefined) return { heads, upTo };
      from = last.sequence + 1;
    }
  }

  async #directGet(request: object): Promise<Exclude<DirectAnswer, { kind: "nobody" }>> {
    const { directGets, stream } = this.#parts;
    const answer = await directGets.get(this.#stream, request).catch((error: unknown) => {
      stream.check();
      throw error;
    });
    if (answer.kind !== "nobody") return answer;
    // The leader says why: the stream is missing, or does not allow it. If it says nothing is wrong, it was for the moment.
    await stream.info(0);
    throw new BrokerError("unavailable", `no server answers reads of stream ${this.#stream} now`);
  }

  async #askLeader(request: JsonObject): Promise<JsonObject | undefined> {
    const { api, stream } = this.#parts;
    const answer = await api.read(`STREAM.MSG.GET.${this.#stream}`, request).catch((error: unknown) => {
      stream.check();
      throw error;
    });
    if (answer.kind === "done") {
      const message = asObject(answer.answer["message"]);
      if (message === undefined) throw this.#strange(answer);
      return message;
    }
    if (answer.code === MESSAGE_NOT_FOUND) return undefined;
    if (answer.code === STREAM_NOT_FOUND) await stream.info(0);
    throw new BrokerError("unavailable", `stream ${this.#stream}: ${answer.description}`);
  }

  #storedMessage(message: JsonObject): StoredMessage | undefined {
    const subject = asText(message["subject"]);
    const sequence = asNumber(message["seq"]);
    const stamp = asText(message["time"]);
    if (subject === undefined || sequence === undefined || stamp === undefined) return undefined;
    const block = bytesOf(message["hdrs"]);
    const [event, user, connection] = scanHeaders(block, block.length, MESSAGE_HEADERS);
    return {
      channel: subject.slice(this.#parts.channelPrefix.length),
      sequence,
      time: timeOf(stamp),
      payload: bytesOf(message["data"]),
      event,
      publisher: connection === undefined ? undefined : { user, connection },
    };
  }

  #subject(filter: string): string {
    return this.#parts.channelPrefix + filter;
  }

  #strange(answer: DirectAnswer | ApiAnswer): BrokerError {
    return new BrokerError(
      "server_error",
      `stream ${this.#stream} gave an answer of an unexpected kind: ${answer.kind}`,
    );
  }
}

function matchesTick(namespace: string, filters: readonly string[]): boolean {
  const matching = [`${namespace}.>`, `${namespace}.*`, tickChannel(namespace)];
  return filters.some((filter) => matching.includes(filter));
}

/** Bytes of a field that JetStream writes in base64 and leaves out when it is empty. */
function bytesOf(field: unknown): Uint8Array {
  return typeof field === "string" ? new Uint8Array(Buffer.from(field, "base64")) : NO_BYTES;
}
