import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type NatsConnection, plainNatsHeaders } from "@tidegate/testkit";
import { nowMicros } from "../swarm/stamp.ts";
import type { ChannelTruth } from "./accounting/channel-truth.ts";
import { numberedPayload } from "./numbered-payload.ts";

/** What became of what was published in a round. */
export interface PublishReport {
  readonly published: number;
  /** The stream said that it has them. */
  readonly acknowledged: number;
  /** Sent more than once, because no acknowledgement came. */
  readonly retried: number;
  /** Given up: they may be in the stream or not. */
  readonly unconfirmed: number;
}

/** By channel, the first number that was given out in a round. */
export type FirstNumbers = ReadonlyMap<string, number>;

const ACKNOWLEDGE_MS = 2000;
const RETRY_MS = 250;
/** A stream without a leader has one again long before that. */
const MAX_TRIES = 40;
const NO_REPORT: PublishReport = { published: 0, acknowledged: 0, retried: 0, unconfirmed: 0 };

/**
 * Publishes as a careful backend does: it waits for the stream's acknowledgement, and sends again, with the same id, what got none.
 * Numbers the messages of each channel.
 */
export class SteadyPublisher {
  readonly #nats: NatsConnection;
  readonly #prefix: string;
  /** Ids of this run must not be those of another that used the same stream. */
  readonly #run = randomBytes(6).toString("hex");
  readonly #next = new Map<string, number>();
  readonly #open = new Set<Promise<void>>();
  #report = NO_REPORT;
  #firstNumbers = new Map<string, number>();
  /** By channel, the numbers of this round that the stream said it has. */
  readonly #acknowledged = new Map<string, Set<number>>();
  #pace: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  /** @param prefix what stands before a channel in its subject */
  constructor(nats: NatsConnection, prefix: string) {
    this.#nats = nats;
    this.#prefix = prefix;
  }

  /** Begins a round: numbers go on, the report starts anew. */
  begin(): void {
    this.#report = NO_REPORT;
    this.#firstNumbers = new Map(this.#next);
    this.#acknowledged.clear();
  }

  get firstNumbers(): FirstNumbers {
    return this.#firstNumbers;
  }

  /** Publishes one message. Not waited for: see {@link finish}. */
  publish(channel: string): void {
    const number = this.#next.get(channel) ?? 0;
    this.#next.set(channel, number + 1);
    const work = this.#deliver(channel, number).finally(() => this.#open.delete(work));
    this.#open.add(work);
  }

  /** Publishes to one channel after the other, so many messages a second in all, until {@link finish}. */
  start(channels: readonly string[], perSecond: number): void {
    const stop = new AbortController();
    this.#pace = { stop, ended: this.#keepPace(channels, perSecond, stop.signal) };
  }

  /** Ends publishing; messages under way are not waited for. */
  stop(): void {
    this.#pace?.stop.abort();
  }

  /** Ends publishing and waits until every message is acknowledged or given up. */
  async finish(): Promise<PublishReport> {
    this.stop();
    await this.#pace?.ended;
    this.#pace = undefined;
    await Promise.all(this.#open);
    return this.#report;
  }

  /** Messages of this round that were acknowledged and that the streams do not hold. */
  countMissing(truths: readonly ChannelTruth[]): number {
    const stored = new Map(truths.map(({ channel, numbers }) => [channel, new Set(numbers)]));
    let missing = 0;
    for (const [channel, numbers] of this.#acknowledged) {
      const present = stored.get(channel);
      for (const number of numbers) {
        missing += present?.has(number) === true ? 0 : 1;
      }
    }
    return missing;
  }

  async #keepPace(channels: readonly string[], perSecond: number, signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    let published = 0;
    while (!signal.aborted) {
      const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000);
      for (; published < due; published += 1) {
        this.publish(channels[published % channels.length] ?? "");
      }
      await delay(5, undefined, { signal }).catch(() => {});
    }
  }

  async #deliver(channel: string, number: number): Promise<void> {
    const payload = numberedPayload({ channel, number, micros: nowMicros() });
    const headers = plainNatsHeaders({ "Nats-Msg-Id": `${this.#run}-${channel}-${number}` });
    this.#count("published");
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (tries > 0) {
        await delay(RETRY_MS);
      }
      if (tries === 1) {
        this.#count("retried");
      }
      try {
        const options = { timeout: ACKNOWLEDGE_MS, headers };
        const answer = await this.#nats.request(`${this.#prefix}.${channel}`, payload, options);
        if (isAcknowledgement(answer.json())) {
          this.#acknowledge(channel, number);
          return;
        }
      } catch {
        // No leader, no answer in time, or no link: sent again under the same id.
      }
    }
    this.#count("unconfirmed");
  }

  #acknowledge(channel: string, number: number): void {
    this.#count("acknowledged");
    const numbers = this.#acknowledged.get(channel) ?? new Set();
    this.#acknowledged.set(channel, numbers.add(number));
  }

  #count(key: keyof PublishReport): void {
    this.#report = { ...this.#report, [key]: this.#report[key] + 1 };
  }
}

function isAcknowledgement(value: unknown): boolean {
  return typeof value === "object" && value !== null && "seq" in value && !("error" in value);
}
