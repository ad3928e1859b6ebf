import { setTimeout as delay } from "node:timers/promises";
import type { JsMsg } from "@nats-io/jetstream";
import type { Endpoint } from "../endpoints/endpoint.ts";
import { obstacleOf } from "../endpoints/obstacle.ts";
import type { DeferReason, LaneJob } from "../lanes/lane.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { Clock } from "../queue/clock.ts";
import type { DeliveryTask } from "../queue/delivery-task.ts";
import { decodeTask } from "../queue/delivery-task.ts";
import { KeptConsumer } from "../queue/kept-consumer.ts";
import { renewalMs } from "../queue/takeover-times.ts";
import type { TaskQueue } from "../queue/task-queue.ts";
import type { WebhookLink } from "../queue/webhook-link.ts";
import type { Delivery } from "./delivery.ts";
import type { DeliveryInstruments } from "./delivery-instruments.ts";
import { HeldTasks } from "./held-tasks.ts";
import { lockedPauseMs } from "./locked-pause.ts";

export interface DispatcherParts {
  readonly link: WebhookLink;
  readonly queue: TaskQueue;
  readonly lanes: Lanes;
  readonly delivery: Delivery;
  /** The endpoint of a task; undefined if it was deleted. */
  readonly findEndpoint: (id: string) => Promise<Endpoint | undefined>;
  readonly instruments: DeliveryInstruments;
  /** What is held longer is renewed; what a process held that was killed goes to another after so long. */
  readonly takeoverMs: number;
  readonly now: Clock;
}

/** Far above what the lanes hold, so that those of slow endpoints never keep the others waiting. */
const MAX_ACK_PENDING = 20_000;
const PULL = 256;
/** A paused endpoint is looked at again after so long, and up to twice that. */
const PAUSED_MS = 30_000;
const REPEAT_MS = 1_000;
/** On what a schedule has put into the queue. */
const SCHEDULER_HEADER = "Nats-Scheduler";

/** Takes tasks out of the shards and hands them to the lanes of their endpoints. A task is acknowledged when its next step is stored. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #held: HeldTasks;
  readonly #consumers: readonly KeptConsumer[];
  readonly #renewing: NodeJS.Timeout;
  readonly #stopped = new AbortController();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    const { link, instruments, takeoverMs } = parts;
    const { names } = link;
    this.#held = new HeldTasks(() => instruments.repeated());
    this.#renewing = setInterval(() => this.#held.renew(), renewalMs(takeoverMs)).unref();
    this.#consumers = Array.from(
      { length: names.shards },
      (_, shard) =>
        new KeptConsumer({
          link,
          stream: names.queueStream,
          config: {
            durable_name: `dispatch_${shard}`,
            filter_subject: names.shardTasks(shard),
            ack_wait: takeoverMs * 1_000_000,
            max_ack_pending: MAX_ACK_PENDING,
          },
          maxMessages: PULL,
          onMessage: (message) => this.#take(message),
          instruments,
        }),
    );
  }

  /** Tasks that are waiting in memory or under way. */
  get held(): number {
    return this.#held.size;
  }

  /** Takes no new tasks, gives back those that wait, and ends the attempts that are under way. Idempotent. */
  async drain(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    this.#parts.lanes.leave();
    await this.#held.empty();
    this.close();
  }

  close(): void {
    this.#stopped.abort();
    clearInterval(this.#renewing);
    for (const consumer of this.#consumers) void consumer.stop();
  }

  #take(message: JsMsg): void {
    if (!this.#held.take(message)) return;
    const task = decodeTask(message.string());
    if (task === undefined) {
      this.#held.release(message.seq, "term");
      return;
    }
    // What comes for the first time, and from no schedule, was attempted by nobody.
    const isNew = !message.redelivered && !message.headers?.has(SCHEDULER_HEADER);
    void this.#begin(message.seq, task, isNew);
  }

  async #begin(seq: number, task: DeliveryTask, isNew: boolean): Promise<void> {
    if (isNew) return await this.#place(seq, task);
    const { delivery, instruments, queue } = this.#parts;
    const settled = await this.#untilDone(async () => {
      const made = await delivery.madeBefore(task);
      // A later attempt has a task of its own.
      if (made?.next.kind === "retry" && made.attempt === task.attempt) {
        await queue.schedule({ ...task, attempt: task.attempt + 1 }, made.next.at);
      }
      return made !== undefined;
    });
    if (settled === "stopped") return;
    if (!settled) return await this.#place(seq, task);
    instruments.repeated();
    this.#held.release(seq, "ack");
  }

  /** Decides about a task. Whatever NATS refuses now is tried again, since nothing has been lost by it. */
  async #place(seq: number, task: DeliveryTask): Promise<void> {
    const { lanes, delivery, findEndpoint } = this.#parts;
    const endpoint = await this.#untilDone(() => findEndpoint(task.endpoint));
    if (endpoint === "stopped") return;
    if (endpoint === undefined) {
      this.#held.release(seq, "ack");
      return;
    }
    const obstacle = obstacleOf(endpoint);
    if (obstacle === "disabled") {
      const done = await this.#untilDone(() => delivery.giveUp(task, obstacle));
      if (done !== "stopped") this.#held.release(seq, "ack");
      return;
    }
    const job = this.#job(seq, task, endpoint);
    const now = this.#parts.now();
    if (obstacle === "paused") job.defer(now + PAUSED_MS * (1 + Math.random()), obstacle);
    else if (obstacle === "locked") job.defer(now + lockedPauseMs(task, now), obstacle);
    else lanes.offer(endpoint, job);
  }

  #job(seq: number, task: DeliveryTask, found: Endpoint): LaneJob {
    const { findEndpoint, delivery, queue, link } = this.#parts;
    return {
      run: async () => {
        // It may have changed while the job waited.
        const endpoint = await findEndpoint(task.endpoint).catch(() => found);
        if (endpoint === undefined || obstacleOf(endpoint) !== undefined) {
          void this.#place(seq, task);
          return true;
        }
        const attempt = await this.#untilDone(() => delivery.attempt(task, endpoint));
        if (attempt === "stopped") return true;
        const { next, well } = attempt;
        const wasRepeated = this.#held.wasRedelivered(seq);
        const stored = await this.#untilDone(async () => {
          if (next.kind === "retry") await queue.schedule({ ...task, attempt: task.attempt + 1 }, next.at);
          // The process that had it before may have scheduled a retry and then died.
          else if (wasRepeated) {
            const filter = link.names.schedule(task.endpoint, task.id);
            await link.jsm.streams.purge(link.names.queueStream, { filter });
          }
        });
        if (stored !== "stopped") this.#held.release(seq, "ack");
        return well;
      },
      defer: (at, reason) => void this.#defer(seq, task, at, reason),
      abandon: () => this.#held.release(seq, "nak"),
    };
  }

  async #defer(seq: number, task: DeliveryTask, at: number, reason: DeferReason): Promise<void> {
    const { delivery, instruments, queue } = this.#parts;
    const done = await this.#untilDone(async () => {
      if (await delivery.expire(task, at, reason)) return;
      await queue.schedule(task, at);
      instruments.deferred(reason);
    });
    if (done !== "stopped") this.#held.release(seq, "ack");
  }

  /** Repeats what fails for want of NATS. The task stays held, so it is delivered anew if this process does not live to see it. */
  async #untilDone<T>(work: () => Promise<T>): Promise<T | "stopped"> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        return await work();
      } catch (error) {
        this.#parts.instruments.troubled(error);
        await delay(REPEAT_MS, undefined, { signal }).catch(() => {});
      }
    }
    return "stopped";
  }
}
