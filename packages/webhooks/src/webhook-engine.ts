import type { Tracing } from "@tidegate/runtime";
import type { Dispatcher as HttpDispatcher } from "undici";
import { AttemptLog } from "./attempts/attempt-log.ts";
import { DeadLetters } from "./attempts/dead-letters.ts";
import { EndpointHealth } from "./attempts/endpoint-health.ts";
import { Delivery } from "./delivery/delivery.ts";
import type { DeliveryOptions } from "./delivery/delivery-options.ts";
import { DeliverySigner } from "./delivery/delivery-signer.ts";
import { Disabling } from "./delivery/disabling.ts";
import { Dispatcher } from "./delivery/dispatcher.ts";
import { FifoLanes } from "./delivery/fifo-lanes.ts";
import { HttpSender } from "./delivery/http-sender.ts";
import { RetryPolicy } from "./delivery/retry-policy.ts";
import type { Endpoint } from "./endpoints/endpoint.ts";
import { EndpointDirectory } from "./endpoints/endpoint-directory.ts";
import type { EndpointSeal } from "./endpoints/endpoint-seal.ts";
import { EndpointStore } from "./endpoints/endpoint-store.ts";
import { resealAll } from "./endpoints/resealing.ts";
import { Expander } from "./expansion/expander.ts";
import type { ExpansionSource } from "./expansion/expansion-source.ts";
import { Lanes } from "./lanes/lanes.ts";
import type { Clock } from "./queue/clock.ts";
import { MessageStore } from "./queue/message-store.ts";
import { StoreWriter } from "./queue/store-writer.ts";
import { TAKEOVER_TIMES, type TakeoverTimes } from "./queue/takeover-times.ts";
import { TaskQueue } from "./queue/task-queue.ts";
import type { WebhookLink } from "./queue/webhook-link.ts";
import type { UrlRules } from "./ssrf/url-policy.ts";
import type { WebhookInstruments } from "./webhook-instruments.ts";

export interface WebhookEngineOptions {
  readonly link: WebhookLink;
  readonly sources: readonly ExpansionSource[];
  /** Unique among the processes. */
  readonly owner: string;
  readonly delivery: DeliveryOptions;
  /** How secrets are stored. */
  readonly seal: EndpointSeal;
  readonly urls: UrlRules;
  /** Guards what is connected to. */
  readonly agent: HttpDispatcher;
  readonly instruments: WebhookInstruments;
  /** `undefined`: no spans. */
  readonly tracing?: Tracing | undefined;
  /** {@link TAKEOVER_TIMES} by default; tests are in a hurry. */
  readonly takeover?: TakeoverTimes | undefined;
  readonly now: Clock;
  readonly random: () => number;
}

/** Everything between a message in a stream and the answer of an endpoint. */
export class WebhookEngine {
  readonly directory: EndpointDirectory;
  readonly store: EndpointStore;
  readonly health: EndpointHealth;
  readonly messages: MessageStore;
  readonly queue: TaskQueue;
  readonly attempts: AttemptLog;
  readonly deadLetters: DeadLetters;
  readonly sender: HttpSender;
  readonly lanes: Lanes;
  readonly #options: WebhookEngineOptions;
  readonly #delivery: Delivery;
  readonly #ended = new AbortController();
  #parts: { dispatcher: Dispatcher; fifo: FifoLanes; expanders: readonly Expander[] } | undefined;

  constructor(options: WebhookEngineOptions) {
    const { link, delivery, seal, urls, agent, instruments, tracing, now, random } = options;
    const onTrouble = (error: unknown) => instruments.troubled(error);
    const writer = new StoreWriter(link.js, this.#ended.signal, onTrouble);
    this.#options = options;
    this.directory = new EndpointDirectory(seal);
    this.store = new EndpointStore(link.endpoints, seal);
    this.health = new EndpointHealth(link.health, onTrouble);
    this.messages = new MessageStore(link, writer, delivery.cacheBytes);
    this.queue = new TaskQueue(writer, link.names);
    this.attempts = new AttemptLog(link, writer);
    this.deadLetters = new DeadLetters(link, writer);
    const { timeoutMs, responseBytes } = delivery;
    this.sender = new HttpSender({
      agent,
      urls,
      signer: new DeliverySigner(),
      timeoutMs,
      responseBytes,
      tracing,
      now,
    });
    this.lanes = new Lanes(
      {
        failures: delivery.breakerFailures,
        firstPauseMs: delivery.breakerFirstPauseMs,
        longestPauseMs: delivery.breakerLongestPauseMs,
      },
      now,
    );
    const { retryPausesMs: pausesMs, maxRetryAfterMs, keepMessagesMs } = delivery;
    this.#delivery = new Delivery({
      messages: this.messages,
      sender: this.sender,
      retries: new RetryPolicy({ pausesMs, maxRetryAfterMs, keepMessagesMs, random }),
      attempts: this.attempts,
      deadLetters: this.deadLetters,
      disabling: new Disabling({
        store: this.store,
        directory: this.directory,
        health: this.health,
        writer,
        eventPrefix: link.names.eventNamespace,
        disableAfterMs: delivery.disableAfterMs,
        now,
        onDisabled: (id, reason) => instruments.disabled(id, reason),
      }),
      instruments,
      now,
    });
  }

  /** Tasks that are held and not acknowledged. */
  get held(): number {
    return (this.#parts?.dispatcher.held ?? 0) + (this.#parts?.fifo.held ?? 0);
  }

  /** Reads the endpoints, then begins to deliver. */
  async start(): Promise<void> {
    const { link, sources, owner, seal, instruments, takeover = TAKEOVER_TIMES, now } = this.#options;
    await this.directory.start(link.endpoints, this.#ended.signal);
    this.directory.onChange((id, endpoint) => {
      this.lanes.changed(id, endpoint);
      if (endpoint?.locked !== undefined) instruments.locked(id, endpoint.locked);
    });
    const findEndpoint = (id: string) => this.find(id);
    const dispatcher = new Dispatcher({
      link,
      queue: this.queue,
      lanes: this.lanes,
      delivery: this.#delivery,
      findEndpoint,
      instruments,
      takeoverMs: takeover.tasksMs,
      now,
    });
    const fifo = new FifoLanes({
      link,
      directory: this.directory,
      findEndpoint,
      delivery: this.#delivery,
      instruments,
      takeoverMs: takeover.tasksMs,
      now,
    });
    const expanders = sources.map(
      (source) =>
        new Expander({
          link,
          source,
          directory: this.directory,
          messages: this.messages,
          queue: this.queue,
          owner,
          takeoverMs: takeover.streamsMs,
          now,
          onExpanded: (deliveries) => instruments.expanded(deliveries),
          onSkipped: () => instruments.skipped(),
          onTrouble: (error) => instruments.troubled(error),
        }),
    );
    this.#parts = { dispatcher, fifo, expanders };
    await fifo.start();
    await Promise.all(expanders.map((expander) => expander.ready));
    const { store, directory } = this;
    const onTrouble = (error: unknown) => instruments.troubled(error);
    void resealAll({ store, directory, seal, onTrouble }, this.#ended.signal).then((count) =>
      instruments.resealed(count),
    );
  }

  /** The endpoint as it is known here, or stored: another process may have just made it. */
  async find(id: string): Promise<Endpoint | undefined> {
    const known = this.directory.get(id);
    if (known !== undefined) return known;
    const stored = await this.store.get(id);
    if (stored !== undefined) this.directory.observe(id, stored);
    return stored?.endpoint;
  }

  /** An endpoint was deleted: what is scheduled for it is dropped. */
  async forget(id: string): Promise<void> {
    const { link } = this.#options;
    this.directory.observe(id, undefined);
    await link.jsm.streams.purge(link.names.queueStream, { filter: link.names.schedules(id) });
    await this.health.forget(id);
  }

  /** Takes nothing new, ends the attempts that are under way, and gives back the rest. Idempotent. */
  async drain(): Promise<void> {
    if (this.#parts === undefined) return;
    const { dispatcher, fifo, expanders } = this.#parts;
    await Promise.all([...expanders.map((expander) => expander.stop()), dispatcher.drain(), fifo.drain()]);
    await this.health.flush(true);
  }

  /** Drops everything that is still under way; NATS gives it to another process. */
  close(): void {
    this.#ended.abort();
    this.#parts?.dispatcher.close();
    this.#parts?.fifo.close();
    for (const expander of this.#parts?.expanders ?? []) void expander.stop();
    this.health.stop();
  }
}
