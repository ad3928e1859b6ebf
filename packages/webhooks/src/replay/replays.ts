import { randomBytes } from "node:crypto";
import { DeliverPolicy } from "@nats-io/jetstream";
import { covers } from "@tidegate/protocol";
import type { AttemptLog } from "../attempts/attempt-log.ts";
import type { DeadLetters, StoredDeadLetter } from "../attempts/dead-letters.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";
import { parseJson, wants } from "../endpoints/endpoint-directory.ts";
import type { Clock } from "../queue/clock.ts";
import type { MessageStore } from "../queue/message-store.ts";
import { storedMessage } from "../queue/message-store.ts";
import type { TaskQueue } from "../queue/task-queue.ts";
import type { WebhookLink } from "../queue/webhook-link.ts";

export interface ReplayRange {
  /** Milliseconds since the epoch, both included: of dead letters when they were given up, of messages when they were published. */
  readonly since: number;
  readonly until: number;
}

export interface ReplayOutcome {
  /** Deliveries that were put into the queue. */
  readonly queued: number;
  /** Whether more of the range is left, because one call takes so many at most. */
  readonly more: boolean;
  /** With `more`: what to give as the begin of the next range. Some of that very millisecond may come twice. */
  readonly next: number | undefined;
}

export interface ReplaysParts {
  readonly link: WebhookLink;
  readonly messages: MessageStore;
  readonly queue: TaskQueue;
  readonly attempts: AttemptLog;
  readonly deadLetters: DeadLetters;
  readonly now: Clock;
}

/** Deliveries of one call. */
export const MAX_REPLAYED = 10_000;
const PAGE = 100;
const FETCH = 200;
const FETCH_MS = 2_000;

/** Puts deliveries into the queue once more, with all attempts before them. The ids of the messages stay what they were. */
export class Replays {
  readonly #parts: ReplaysParts;

  constructor(parts: ReplaysParts) {
    this.#parts = parts;
  }

  /** @returns false if neither a dead letter nor a copy of the message is kept. */
  async one(endpoint: Endpoint, message: string): Promise<boolean> {
    const { attempts, deadLetters, messages } = this.#parts;
    const run = newRun();
    const letter = await deadLetters.get(endpoint.id, message);
    if (letter !== undefined && letter.letter.reason !== "message_lost") {
      await this.#revive(endpoint, letter, run);
      return true;
    }
    const last = await attempts.last(endpoint.id, message);
    if (last === undefined || last.copy === 0) return false;
    const copy = await messages.read(last.copy);
    if (copy === undefined) return false;
    await this.#queue(endpoint, { id: copy.id, channel: copy.channel }, last.copy, run);
    return true;
  }

  /** The dead letters of a time, oldest first. They are dead letters no more. */
  async deadLetters(endpoint: Endpoint, { since, until }: ReplayRange): Promise<ReplayOutcome> {
    const run = newRun();
    let queued = 0;
    for (let after = 0; ; ) {
      const page = await this.#parts.deadLetters.list(endpoint.id, { since, after, limit: PAGE });
      for (const letter of page.letters) {
        if (letter.letter.at > until) return { queued, more: false, next: undefined };
        if (queued >= MAX_REPLAYED) return { queued, more: true, next: letter.letter.at };
        if (letter.letter.reason === "message_lost") continue;
        await this.#revive(endpoint, letter, run);
        queued += 1;
      }
      if (page.next === undefined) return { queued, more: false, next: undefined };
      after = page.next;
    }
  }

  /** All kept messages of a time that the endpoint would get if they were published now, delivered before or not. */
  async messages(endpoint: Endpoint, { since, until }: ReplayRange): Promise<ReplayOutcome> {
    const { link } = this.#parts;
    const run = newRun();
    const patterns = endpoint.channels.map((pattern) => pattern.split("."));
    const consumer = await link.js.consumers.get(link.names.messageStream, {
      filter_subjects: [link.names.message(">")],
      deliver_policy: DeliverPolicy.StartTime,
      opt_start_time: new Date(since).toISOString(),
    });
    let queued = 0;
    for (let pending = (await consumer.info()).num_pending; pending > 0; ) {
      const fetched = await consumer.fetch({ max_messages: Math.min(FETCH, pending), expires: FETCH_MS });
      let arrived = 0;
      for await (const found of fetched) {
        arrived += 1;
        pending = found.info.pending;
        const message = storedMessage(link.names, found.subject, found.headers, found.data);
        if (message.time > until) return { queued, more: false, next: undefined };
        if (message.time < since) continue;
        const channel = message.channel.split(".");
        const listens = patterns.some((pattern) => covers(pattern, channel));
        if (!listens || !wants(endpoint, message.event, () => parseJson(message.payload))) continue;
        if (queued >= MAX_REPLAYED) return { queued, more: true, next: message.time };
        await this.#queue(endpoint, message, found.seq, run);
        queued += 1;
      }
      // What was there has expired meanwhile.
      if (arrived === 0) break;
    }
    return { queued, more: false, next: undefined };
  }

  async #revive(
    endpoint: Endpoint,
    { letter, payload, sequence }: StoredDeadLetter,
    run: string,
  ): Promise<void> {
    const { messages, deadLetters } = this.#parts;
    const { message: id, channel, event, time, hops = 0 } = letter;
    // The copy may be gone by now, or be about to go.
    const copy = await messages.revive({ id, channel, event, time, payload, hops }, `${id}:${run}`);
    await this.#queue(endpoint, { id, channel }, copy, run);
    await deadLetters.remove(sequence);
  }

  async #queue(
    endpoint: Endpoint,
    { id, channel }: { readonly id: string; readonly channel: string },
    copy: number,
    run: string,
  ): Promise<void> {
    const since = this.#parts.now();
    const task = { endpoint: endpoint.id, id, channel, message: copy, attempt: 1, since, run };
    await this.#parts.queue.add(task, endpoint.ordering);
  }
}

function newRun(): string {
  return `r${randomBytes(8).toString("hex")}`;
}
