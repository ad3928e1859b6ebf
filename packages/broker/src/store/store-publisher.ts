import type { TraceContext } from "@tidegate/protocol";
import { namespaceOf } from "@tidegate/protocol";
import { BrokerError } from "../broker-error.ts";
import type { PublisherIdentity } from "../message-headers.ts";
import { storedMessageHeaders } from "../message-headers.ts";
import type { ExchangeOutcome, Requests } from "../requests.ts";
import type { NamespaceStream } from "./namespace-stream.ts";
import { readPubAck } from "./pub-ack.ts";
import type { StoreOutcome } from "./store-outcome.ts";
import type { Streams } from "./streams.ts";

export interface StoreOptions {
  readonly event?: string | undefined;
  /** Left out when this node speaks for itself and not for a client. */
  readonly identity?: PublisherIdentity | undefined;
  /**
   * Idempotency key: within the deduplication window the stream stores only one message with it. One space for the whole
   * namespace, so scope it before.
   */
  readonly key?: string | undefined;
  /** The trace that it belongs to, for whoever gets it. */
  readonly trace?: TraceContext | undefined;
  /** How long to wait for the acknowledgement; `storeTimeoutMs` at most, which is the default. */
  readonly timeoutMs?: number | undefined;
}

export interface StorePublisherParts {
  readonly requests: Requests;
  readonly streams: Streams;
  readonly subjectPrefix: string;
  readonly timeoutMs: number;
}

/** An answer of the stream that is not older says what its epoch is. */
const EPOCH_AGE_MS = 1_000;

/** Puts messages into streams and waits until they say that they have them. */
export class StorePublisher {
  readonly #parts: StorePublisherParts;

  constructor(parts: StorePublisherParts) {
    this.#parts = parts;
  }

  /** @throws TypeError if the namespace keeps no history. */
  store(channel: string, payload: Uint8Array, options: StoreOptions): Promise<StoreOutcome> {
    const namespace = namespaceOf(channel);
    const store = this.#parts.streams.storeOf(namespace);
    if (store === undefined) throw new TypeError(`namespace ${namespace} keeps no history`);
    const { stream } = store;
    return stream.epoch === undefined
      ? this.#storeWhenFit(stream, channel, payload, options)
      : this.#publish(stream, channel, payload, options);
  }

  /** The node has just started, or the stream was in trouble when last looked at. */
  async #storeWhenFit(
    stream: NamespaceStream,
    channel: string,
    payload: Uint8Array,
    options: StoreOptions,
  ): Promise<StoreOutcome> {
    // The buffer may be lent for this turn only.
    const own = new Uint8Array(payload);
    try {
      await stream.info(EPOCH_AGE_MS);
    } catch (error) {
      const { message } = error instanceof BrokerError ? error : new Error("the stream cannot be asked");
      return { kind: "unavailable", message };
    }
    return await this.#publish(stream, channel, own, options);
  }

  async #publish(
    stream: NamespaceStream,
    channel: string,
    payload: Uint8Array,
    { event, identity, key, trace, timeoutMs = Number.POSITIVE_INFINITY }: StoreOptions,
  ): Promise<StoreOutcome> {
    const { requests, subjectPrefix, timeoutMs: longest } = this.#parts;
    const { name } = stream.spec;
    const headers = storedMessageHeaders(name, event, identity, key, trace);
    const outcome = await requests.exchange(
      `${subjectPrefix}.${channel}`,
      payload,
      headers,
      Math.min(timeoutMs, longest),
      undefined,
    );
    const result = outcomeOf(stream, outcome);
    if (result.kind === "unconfirmed" || result.kind === "unavailable") stream.check();
    else if (result.kind === "stored" && !result.duplicate) stream.observe(result.position.sequence);
    return result;
  }
}

function outcomeOf(stream: NamespaceStream, outcome: ExchangeOutcome): StoreOutcome {
  const { name } = stream.spec;
  switch (outcome.kind) {
    case "reply":
      return outcomeOfAck(stream, outcome.payload);
    case "no_responders":
      return { kind: "unavailable", message: `stream ${name} is missing or has no leader now` };
    case "unavailable":
      return { kind: "unavailable", message: "there is no connection to NATS" };
    case "timeout":
    case "lost":
    case "aborted":
    // Somebody who is not the stream has answered.
    case "service_error":
      return { kind: "unconfirmed" };
    case "too_large":
    case "busy":
    case "denied":
      return { kind: outcome.kind };
  }
}

function outcomeOfAck(stream: NamespaceStream, payload: Uint8Array): StoreOutcome {
  const ack = readPubAck(payload);
  if (ack.kind !== "stored") return ack;
  const { name } = stream.spec;
  if (ack.stream !== name) {
    return { kind: "unavailable", message: `stream ${ack.stream} took the message, not ${name}` };
  }
  // It may have turned out meanwhile that the stream is another one; then its epoch is not known, and neither is a position.
  const { epoch } = stream;
  if (epoch === undefined) return { kind: "unconfirmed" };
  return { kind: "stored", position: { epoch, sequence: ack.sequence }, duplicate: ack.duplicate };
}
