import { createHash } from "node:crypto";

/** Deliveries of one ordered endpoint that may be under way at once, each of other channels. */
export const FIFO_LANES = 4;

const FIFO_CONSUMER = "fifo_";

/** Names of the streams, buckets and subjects of one environment. */
export class WebhookNames {
  /** `rt`, of which the channel subjects are. */
  readonly prefix: string;
  /** Tasks and the retries that are scheduled. */
  readonly queueStream: string;
  /** Copies of the messages that at least one endpoint wants. */
  readonly messageStream: string;
  readonly attemptStream: string;
  readonly deadLetterStream: string;
  /** Lifecycle events. */
  readonly eventStream: string;
  readonly endpointBucket: string;
  readonly healthBucket: string;
  readonly checkpointBucket: string;
  readonly #shards: number;

  constructor(prefix: string, shards: number) {
    const base = `${prefix}wh`;
    this.prefix = prefix;
    this.#shards = shards;
    this.queueStream = `${base}_queue`;
    this.messageStream = `${base}_messages`;
    this.attemptStream = `${base}_attempts`;
    this.deadLetterStream = `${base}_dead`;
    this.eventStream = `${base}_events`;
    this.endpointBucket = `${base}_endpoints`;
    this.healthBucket = `${base}_health`;
    this.checkpointBucket = `${base}_checkpoints`;
  }

  /** First token of lifecycle events, which are named like channels. */
  get eventNamespace(): string {
    return `${this.prefix}ev`;
  }

  get shards(): number {
    return this.#shards;
  }

  task(endpoint: string, message: string): string {
    return `${this.prefix}wh.q.${hash(endpoint) % this.#shards}.${endpoint}.${message}`;
  }

  /** Filter of one shard. Never wider: acknowledging a schedule would delete it. */
  shardTasks(shard: number): string {
    return `${this.prefix}wh.q.${shard}.>`;
  }

  /** One retry of one message for one endpoint at a time: a second schedule on the same subject replaces the first. */
  schedule(endpoint: string, message: string): string {
    return `${this.prefix}wh.s.${endpoint}.${message}`;
  }

  schedules(endpoint: string): string {
    return `${this.prefix}wh.s.${endpoint}.>`;
  }

  fifoTask(endpoint: string, channel: string, message: string): string {
    return `${this.prefix}wh.f.${endpoint}.${hash(channel) % FIFO_LANES}.${message}`;
  }

  fifoTasks(endpoint: string, lane: number): string {
    return `${this.prefix}wh.f.${endpoint}.${lane}.>`;
  }

  /** Of all its lanes. */
  allFifoTasks(endpoint: string): string {
    return `${this.prefix}wh.f.${endpoint}.>`;
  }

  fifoConsumer(endpoint: string, lane: number): string {
    return `${FIFO_CONSUMER}${endpoint}_${lane}`;
  }

  /** The endpoint that a consumer of the queue was made for; undefined for one of the shards. */
  fifoEndpoint(consumer: string): string | undefined {
    if (!consumer.startsWith(FIFO_CONSUMER)) return undefined;
    return consumer.slice(FIFO_CONSUMER.length, consumer.lastIndexOf("_"));
  }

  message(channel: string): string {
    return `${this.prefix}wh.m.${channel}`;
  }

  /** A copy that was made of a dead letter: of one endpoint's interest only, so replays of a time pass it over. As long as the other. */
  revived(channel: string): string {
    return `${this.prefix}wh.r.${channel}`;
  }

  /** Whether it failed stands in the subject, so that the server finds the failed ones among the others. */
  attempt(endpoint: string, message: string, how: "delivered" | "failed"): string {
    return `${this.prefix}wh.a.${endpoint}.${message}.${how}`;
  }

  /** Filter of an endpoint's attempts: of one message, or of all; only those that failed, or all. */
  attempts(endpoint: string, message: string | undefined, failed: boolean): string {
    return `${this.prefix}wh.a.${endpoint}.${message ?? "*"}.${failed ? "failed" : "*"}`;
  }

  deadLetter(endpoint: string, message: string): string {
    return `${this.prefix}wh.d.${endpoint}.${message}`;
  }

  deadLetters(endpoint: string): string {
    return `${this.prefix}wh.d.${endpoint}.>`;
  }
}

/** Even, and the same in every process and version. */
function hash(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0);
}
