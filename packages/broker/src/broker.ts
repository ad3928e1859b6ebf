import { setTimeout as delay } from "node:timers/promises";
import type { TraceContext } from "@tidegate/protocol";
import { namespaceOf } from "@tidegate/protocol";
import { BrokerError } from "./broker-error.ts";
import type { BrokerOptions } from "./broker-options.ts";
import type { InboundMessage } from "./client-message.ts";
import { Confirmations } from "./confirmations.ts";
import { connectToNats } from "./connect-to-nats.ts";
import { Faults } from "./faults.ts";
import { HeaderReader } from "./header-reader.ts";
import type { BrokerState } from "./link.ts";
import { Link } from "./link.ts";
import { LiveChannels } from "./live-channels.ts";
import type { LiveMessage } from "./live-message.ts";
import type { PublisherIdentity } from "./message-headers.ts";
import { messageHeaders } from "./message-headers.ts";
import type { PublishOutcome } from "./outbound.ts";
import { Outbound } from "./outbound.ts";
import type { LiveSubscription, Subscription } from "./registration.ts";
import { Requests } from "./requests.ts";
import type { CallHandler } from "./responders.ts";
import { Responders } from "./responders.ts";
import type { RequestOutcome } from "./service-reply.ts";
import type { HistoryPage, PageRequest } from "./store/history-page.ts";
import type { StreamStatus } from "./store/namespace-stream.ts";
import { readHistory } from "./store/read-history.ts";
import type { StoreOutcome } from "./store/store-outcome.ts";
import type { StoreOptions } from "./store/store-publisher.ts";
import { StorePublisher } from "./store/store-publisher.ts";
import type { NamespaceStore, StreamStatusListener } from "./store/streams.ts";
import { Streams } from "./store/streams.ts";
import type { Follow, TailListener } from "./tail/follow.ts";
import type { TailStatsReading } from "./tail/tail-stats.ts";
import { Tails } from "./tail/tails.ts";

/** Requests go to `rpc.<method>` whatever the prefix of the channels is. */
const RPC_PREFIX = "rpc";

/** Calls that need an epoch at the same time share an answer. */
const EPOCH_AGE_MS = 1_000;

/**
 * - `direct`: to the subscribers of the channel (`rt.<channel>`).
 * - `backend`: to the backends behind the channel, which decide what subscribers get to see (`rtin.<channel>`).
 */
export type PublishLane = "direct" | "backend";

export interface PublishOptions {
  readonly lane: PublishLane;
  readonly event?: string | undefined;
  /** Left out when this node speaks for itself and not for a client. */
  readonly identity?: PublisherIdentity | undefined;
  /** The trace that it belongs to, for whoever gets it. */
  readonly trace?: TraceContext | undefined;
}

export interface RequestOptions {
  /** Bounded by `maxRequestTimeoutMs`. */
  readonly timeoutMs: number;
  readonly identity?: PublisherIdentity | undefined;
  /** The trace that it belongs to, for whoever gets it. */
  readonly trace?: TraceContext | undefined;
  /** Gives up waiting; the backend is not told. */
  readonly signal?: AbortSignal | undefined;
}

/** Counters since start and current sizes, for metrics. */
export interface BrokerStats {
  readonly reconnects: number;
  readonly disconnects: number;
  /** Connections given up because pings went unanswered or authentication expired. */
  readonly staleConnections: number;
  /** Times the server said that this node reads too slowly. */
  readonly slowConsumers: number;
  /** Errors reported by the server, permissions apart. */
  readonly serverErrors: number;
  readonly callbackErrors: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Messages, requests and replies not sent: no connection, too large, or busy. */
  readonly sendsRefused: number;
  /** Bytes written and not yet confirmed by the server. */
  readonly pendingBytes: number;
  readonly pendingRequests: number;
  /** NATS subscriptions to live channels, lingering ones included. */
  readonly liveSubscriptions: number;
  readonly lingeringSubscriptions: number;
  readonly tails: TailStatsReading;
}

/** One node's connection to NATS and everything that goes over it. Made by {@link connectBroker}. */
export class Broker {
  /** Resolves once the state is `closed`: to an error if nobody asked for it, and then the service should exit. */
  readonly closed: Promise<BrokerError | undefined>;
  readonly #options: BrokerOptions;
  readonly #link: Link;
  readonly #faults: Faults;
  readonly #confirmations: Confirmations;
  readonly #outbound: Outbound;
  readonly #live: LiveChannels;
  readonly #requests: Requests;
  readonly #responders: Responders;
  readonly #streams: Streams;
  readonly #tails: Tails;
  readonly #storePublisher: StorePublisher;
  #drained: Promise<void> | undefined;

  /** Connected parts; for {@link connectBroker}. */
  constructor(options: BrokerOptions, link: Link, faults: Faults) {
    this.#options = options;
    this.#link = link;
    this.#faults = faults;
    this.closed = link.closed;
    const reader = new HeaderReader();
    const confirmations = new Confirmations(link);
    const outbound = new Outbound(link, confirmations, options.maxPendingBytes);
    this.#confirmations = confirmations;
    this.#outbound = outbound;
    this.#live = new LiveChannels({
      link,
      confirmations,
      reader,
      faults,
      subjectPrefix: options.subjectPrefix,
      lingerMs: options.lingerMs,
    });
    this.#requests = new Requests({ link, outbound, reader, faults, inboxPrefix: options.inboxPrefix });
    this.#responders = new Responders({ link, confirmations, outbound, reader, faults });
    this.#streams = new Streams({ link, outbound, requests: this.#requests, reader, faults, options });
    this.#tails = new Tails({
      link,
      confirmations,
      outbound,
      reader,
      faults,
      streams: this.#streams,
      subjectPrefix: options.subjectPrefix,
      lingerMs: options.lingerMs,
      options: options.tails,
    });
    this.#storePublisher = new StorePublisher({
      requests: this.#requests,
      streams: this.#streams,
      subjectPrefix: options.subjectPrefix,
      timeoutMs: options.storeTimeoutMs,
    });
  }

  get state(): BrokerState {
    return this.#link.state;
  }

  /** @returns a function that takes the listener away again. */
  onState(listener: (state: BrokerState) => void): () => void {
    return this.#link.onState(listener);
  }

  /** What is known of the stream of each namespace with history. */
  get streams(): ReadonlyMap<string, StreamStatus> {
    return this.#streams.statuses;
  }

  /**
   * Calls `listener` when the status of a stream changes: they are looked at when the node starts, after a reconnect, when
   * reading fails, and now and then.
   *
   * @returns a function that takes the listener away again.
   */
  onStreamStatus(listener: StreamStatusListener): () => void {
    return this.#streams.onStatus(listener);
  }

  /** Most bytes of payload and headers together that one message may have. */
  get maxPayload(): number {
    return this.#outbound.maxPayload;
  }

  get stats(): BrokerStats {
    const { inMsgs, outMsgs, inBytes, outBytes } = this.#link.nats.stats();
    return {
      ...this.#link.counters,
      callbackErrors: this.#faults.callbackErrors,
      messagesIn: inMsgs,
      messagesOut: outMsgs,
      bytesIn: inBytes,
      bytesOut: outBytes,
      sendsRefused: this.#outbound.refused,
      pendingBytes: this.#outbound.pendingBytes,
      pendingRequests: this.#requests.pending,
      liveSubscriptions: this.#live.size,
      lingeringSubscriptions: this.#live.lingering,
      tails: this.#tails.stats,
    };
  }

  /**
   * Listens to a live channel or a pattern of channels. Subscribers of the same one share a NATS subscription.
   *
   * `ready` tells when messages are certain to arrive; some may come before. After a reconnect the subscription is made
   * again by itself, but what was published meanwhile is lost: see {@link onInterruption}.
   *
   * @param listener called for each message, in the order of arrival. What it throws is counted and reported.
   * @param onClosed called at most once, when a confirmed subscription ends without having been closed by its owner:
   *   `denied` after a change of permissions, `closed` or `connection_lost` with the broker.
   */
  subscribe(
    channelOrPattern: string,
    listener: (message: LiveMessage) => void,
    onClosed: (error: BrokerError) => void,
  ): LiveSubscription {
    return this.#live.subscribe(channelOrPattern, listener, onClosed);
  }

  /**
   * Calls `listener` once after each reconnect, when the server has all subscriptions again: live messages may have been
   * missed up to then, and none are from then on.
   *
   * @returns a function that takes the listener away again.
   */
  onInterruption(listener: () => void): () => void {
    return this.#live.onInterruption(listener);
  }

  /**
   * Follows a replayable channel or a pattern of them: each message of a channel once and in order, or a reset. Those who follow the same
   * one share a NATS subscription.
   *
   * @throws TypeError if the namespace keeps no history.
   */
  follow(channelOrPattern: string, listener: TailListener): Follow {
    return this.#tails.follow(channelOrPattern, listener);
  }

  /**
   * Publishes one message of a channel.
   *
   * @param payload read until the microtasks of this turn are done: do not change it before, and copy a
   *   buffer that is only lent, like that of a uWebSockets.js message.
   */
  publish(channel: string, payload: Uint8Array, options: PublishOptions): PublishOutcome {
    const prefix = this.#options.subjectPrefix;
    const subject = options.lane === "direct" ? `${prefix}.${channel}` : `${prefix}in.${channel}`;
    const headers = messageHeaders(options.event, options.identity, options.trace);
    return this.#outbound.send(subject, payload, headers, undefined);
  }

  /**
   * Publishes a lifecycle event, `connection.opened` to `rtev.connection.opened`. `payload`: as for publishing.
   *
   * @param event dot-separated names, which make up its subject, and the name of the event as well.
   */
  announce(event: string, payload: Uint8Array): PublishOutcome {
    const subject = `${this.#options.subjectPrefix}ev.${event}`;
    return this.#outbound.send(subject, payload, messageHeaders(event, undefined), undefined);
  }

  /**
   * Publishes one message of a channel whose namespace keeps history, and waits until its stream has it. `payload`: as for
   * publishing. Never rejects.
   *
   * @throws TypeError if the namespace keeps no history.
   */
  store(channel: string, payload: Uint8Array, options: StoreOptions): Promise<StoreOutcome> {
    return this.#storePublisher.store(channel, payload, options);
  }

  /**
   * Reads one page of a channel whose namespace keeps history. Never rejects. The epoch of `newer` is that of all sequences in
   * the page: if it is not the one that `before` or `after` came with, they meant something else.
   *
   * @throws TypeError if the namespace keeps no history.
   */
  history(channel: string, request: PageRequest): Promise<HistoryPage> {
    const { reader } = this.#storeOf(namespaceOf(channel));
    return readHistory(reader, channel, request, (ms) => delay(ms)).catch((error: unknown) => {
      if (error instanceof BrokerError) return { kind: "failed", error } as const;
      throw error;
    });
  }

  /**
   * Epoch of the stream of a namespace with history, known or asked for; rejects with a BrokerError as reading does.
   *
   * @throws TypeError if the namespace keeps no history.
   */
  async epochOf(namespace: string): Promise<string> {
    const { stream } = this.#storeOf(namespace);
    return stream.epoch ?? (await stream.info(EPOCH_AGE_MS)).epoch;
  }

  #storeOf(namespace: string): NamespaceStore {
    const store = this.#streams.storeOf(namespace);
    if (store === undefined) throw new TypeError(`namespace ${namespace} keeps no history`);
    return store;
  }

  /** Asks the backends behind a method and waits for one answer. Rejects for no outcome. `payload`: as for publishing. */
  request(method: string, payload: Uint8Array, options: RequestOptions): Promise<RequestOutcome> {
    return this.#requests.request(
      `${RPC_PREFIX}.${method}`,
      payload,
      messageHeaders(undefined, options.identity, options.trace),
      Math.min(options.timeoutMs, this.#options.maxRequestTimeoutMs),
      options.signal,
    );
  }

  /** Answers the methods that match, together with the other members of the group. For backends. */
  respond(methodPattern: string, queueGroup: string, handler: CallHandler): Subscription {
    return this.#responders.respond(RPC_PREFIX, methodPattern, queueGroup, handler);
  }

  /** Takes what clients send to the channels that match (lane `backend`), shared out among the group. For backends. */
  onInbound(
    channelPattern: string,
    queueGroup: string,
    listener: (message: InboundMessage) => Promise<void> | void,
  ): Subscription {
    return this.#responders.onInbound(
      `${this.#options.subjectPrefix}in`,
      channelPattern,
      queueGroup,
      listener,
    );
  }

  /** Resolves when the server has handled everything sent before; rejects with a BrokerError when that cannot be. */
  flush(): Promise<void> {
    return this.#confirmations.confirm();
  }

  /**
   * Leaves in order: takes no new work, finishes handlers and requests that are under way, delivers what has arrived,
   * flushes, closes. Bounded by `drainTimeoutMs`, after which the rest is dropped. Idempotent; never rejects.
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    const wasConnected = this.#link.state === "connected";
    this.#link.announceClose();
    if (wasConnected) {
      const expired = Promise.withResolvers<void>();
      const deadline = setTimeout(expired.resolve, this.#options.drainTimeoutMs);
      this.#link.onState(() => expired.resolve());
      await Promise.race([this.#finish(), expired.promise]);
      clearTimeout(deadline);
    }
    await this.#link.close();
  }

  async #finish(): Promise<void> {
    try {
      await this.#responders.drain();
      await this.#requests.idle();
      await this.#link.nats.drain();
    } catch {
      // The connection broke meanwhile: nothing is left to finish.
    }
  }
}

/**
 * Connects to NATS, waiting for a server until the startup deadline.
 *
 * @param options from {@link resolveBrokerOptions}.
 * @param signal gives up waiting.
 * @throws BrokerError `startup_timeout`, `denied`, `unreadable_file`, or `closed` when `signal` aborts.
 */
export async function connectBroker(options: BrokerOptions, signal?: AbortSignal): Promise<Broker> {
  const faults = new Faults(options.onError);
  const nats = await connectToNats(options, signal);
  return new Broker(options, new Link(nats, options, faults), faults);
}
