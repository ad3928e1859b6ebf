import { setTimeout as delay } from "node:timers/promises";
import type { JsMsg } from "@nats-io/jetstream";
import { JetStreamApiError } from "@nats-io/jetstream";
import type { Endpoint } from "../endpoints/endpoint.ts";
import type { EndpointDirectory } from "../endpoints/endpoint-directory.ts";
import { obstacleOf } from "../endpoints/obstacle.ts";
import { RateBucket } from "../lanes/rate-bucket.ts";
import type { Clock } from "../queue/clock.ts";
import { decodeTask } from "../queue/delivery-task.ts";
import { KeptConsumer } from "../queue/kept-consumer.ts";
import { renewalMs } from "../queue/takeover-times.ts";
import type { WebhookLink } from "../queue/webhook-link.ts";
import { FIFO_LANES } from "../webhook-names.ts";
import type { Delivery } from "./delivery.ts";
import type { DeliveryInstruments } from "./delivery-instruments.ts";
import { lockedPauseMs } from "./locked-pause.ts";

export interface FifoLanesParts {
  readonly link: WebhookLink;
  readonly directory: EndpointDirectory;
  readonly findEndpoint: (id: string) => Promise<Endpoint | undefined>;
  readonly delivery: Delivery;
  readonly instruments: DeliveryInstruments;
  /** As of the dispatcher. */
  readonly takeoverMs: number;
  readonly now: Clock;
}

const PAUSED_MS = 10_000;
const REPEAT_MS = 1_000;
/** A wait that is shorter is not worth a round trip. */
const SLACK_MS = 20;
const CONSUMER_NOT_FOUND = 10_014;

interface FifoEndpoint {
  readonly consumers: readonly KeptConsumer[];
  readonly bucket: RateBucket;
}

/**
 * Deliveries that keep their order. Each ordered endpoint has a few consumers of its own, over which its channels are spread, and each lets out one
 * message at a time, in all processes together: whatever is behind waits for it, through every retry. A retry waits in the server.
 */
export class FifoLanes {
  readonly #parts: FifoLanesParts;
  readonly #endpoints = new Map<string, FifoEndpoint>();
  readonly #busy = new Set<Promise<void>>();
  /** Nothing may begin any more. */
  readonly #leaving = new AbortController();
  readonly #unlisten: () => void;

  constructor(parts: FifoLanesParts) {
    this.#parts = parts;
    this.#unlisten = parts.directory.onChange((id, endpoint) => this.#changed(id, endpoint));
  }

  get held(): number {
    return this.#busy.size;
  }

  /**
   * Takes care of what is queued for endpoints that are not ordered any more, or were deleted while nobody was there. Rejects when NATS does not
   * answer.
   */
  async start(): Promise<void> {
    const { link, findEndpoint } = this.#parts;
    const { queueStream } = link.names;
    const left = new Map<string, number>();
    for await (const info of link.jsm.consumers.list(queueStream)) {
      const id = link.names.fifoEndpoint(info.name);
      if (id === undefined) continue;
      left.set(id, (left.get(id) ?? 0) + info.num_pending + info.num_ack_pending);
    }
    for (const [id, tasks] of left) {
      if (this.#endpoints.has(id)) continue;
      const endpoint = await findEndpoint(id);
      // Another process may have made it just now.
      if (this.#endpoints.has(id)) continue;
      if (endpoint !== undefined && tasks > 0) this.#openAll(id);
      else if (endpoint?.ordering !== "fifo") await this.#deleteConsumers(id);
    }
  }

  /** Takes nothing more and ends what is under way. Idempotent. */
  async drain(): Promise<void> {
    this.#unlisten();
    this.#leaving.abort();
    const consumers = [...this.#endpoints.values()].flatMap((one) => one.consumers);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await Promise.all(this.#busy);
    this.close();
  }

  close(): void {
    this.#leaving.abort();
    this.#unlisten();
    for (const { consumers } of this.#endpoints.values()) {
      for (const consumer of consumers) void consumer.stop();
    }
  }

  /** An endpoint that is no longer ordered keeps its consumers until the process ends: what is queued still has to go out. */
  #changed(id: string, endpoint: Endpoint | undefined): void {
    if (endpoint === undefined) {
      const known = this.#endpoints.get(id);
      this.#endpoints.delete(id);
      if (known !== undefined) void this.#remove(id, known);
      return;
    }
    if (endpoint.ordering !== "fifo" || this.#endpoints.has(id)) return;
    this.#openAll(id);
  }

  #openAll(id: string): void {
    const bucket = new RateBucket();
    const consumers = Array.from({ length: FIFO_LANES }, (_, lane) => this.#open(id, lane, bucket));
    this.#endpoints.set(id, { consumers, bucket });
  }

  #open(id: string, lane: number, bucket: RateBucket): KeptConsumer {
    const { link, instruments, takeoverMs } = this.#parts;
    return new KeptConsumer({
      link,
      stream: link.names.queueStream,
      config: {
        durable_name: link.names.fifoConsumer(id, lane),
        filter_subject: link.names.fifoTasks(id, lane),
        ack_wait: takeoverMs * 1_000_000,
        max_ack_pending: 1,
      },
      maxMessages: 1,
      onMessage: (message) => {
        const work = this.#take(message, bucket).finally(() => this.#busy.delete(work));
        this.#busy.add(work);
      },
      instruments,
    });
  }

  async #remove(id: string, { consumers }: FifoEndpoint): Promise<void> {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    const { link, instruments } = this.#parts;
    try {
      await this.#deleteConsumers(id);
      // Nobody would ever take them.
      await link.jsm.streams.purge(link.names.queueStream, { filter: link.names.allFifoTasks(id) });
    } catch (error) {
      instruments.troubled(error);
    }
  }

  /** Every process does it: one that still wants them makes them again, and no task is lost by it. */
  async #deleteConsumers(id: string): Promise<void> {
    const { jsm, names } = this.#parts.link;
    for (let lane = 0; lane < FIFO_LANES; lane += 1) {
      await jsm.consumers.delete(names.queueStream, names.fifoConsumer(id, lane)).catch((error: unknown) => {
        if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_NOT_FOUND) throw error;
      });
    }
  }

  async #take(message: JsMsg, bucket: RateBucket): Promise<void> {
    const renewing = setInterval(() => message.working(), renewalMs(this.#parts.takeoverMs)).unref();
    try {
      await this.#handle(message, bucket);
    } catch (error) {
      // It stays in its place and comes again.
      this.#parts.instruments.troubled(error);
      message.nak(REPEAT_MS);
    } finally {
      clearInterval(renewing);
    }
  }

  async #handle(message: JsMsg, bucket: RateBucket): Promise<void> {
    const { findEndpoint, delivery, instruments, now } = this.#parts;
    const written = decodeTask(message.string());
    if (written === undefined) {
      message.term();
      return;
    }
    const endpoint = await findEndpoint(written.endpoint);
    if (endpoint === undefined) {
      message.ack();
      return;
    }
    const before = message.redelivered ? await delivery.madeBefore(written) : undefined;
    if (before !== undefined && before.next.kind !== "retry") {
      instruments.repeated();
      message.ack();
      return;
    }
    // The task in the queue stays as it was written; how far it has come stands in the log of attempts.
    const task = before === undefined ? written : { ...written, attempt: before.attempt + 1 };
    const obstacle = obstacleOf(endpoint);
    if (obstacle === "disabled") {
      await delivery.giveUp(task, obstacle);
      message.ack();
      return;
    }
    if (obstacle !== undefined) {
      const pause = obstacle === "paused" ? PAUSED_MS : lockedPauseMs(task, now());
      if (await delivery.expire(task, now() + pause, obstacle)) {
        message.ack();
        return;
      }
      instruments.deferred(obstacle);
      message.nak(pause);
      return;
    }
    const notBefore = before?.next.kind === "retry" ? before.next.at : 0;
    const early = notBefore - now();
    if (early > SLACK_MS) {
      message.nak(early);
      return;
    }
    if (!(await this.#pass(bucket, endpoint))) {
      message.nak();
      return;
    }
    const { next } = await delivery.attempt(task, endpoint);
    if (next.kind === "retry") message.nak(Math.max(1, next.at - now()));
    else message.ack();
  }

  /** Waits for the rate limit, which may take longer than a process has that leaves. */
  async #pass(bucket: RateBucket, endpoint: Endpoint): Promise<boolean> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      const wait = bucket.take(this.#parts.now(), endpoint.ratePerSecond);
      if (wait === 0) return true;
      await delay(wait, undefined, { signal }).catch(() => {});
    }
    return false;
  }
}
