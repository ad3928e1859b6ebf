import type { BrokerError } from "@tidegate/broker";
import type { Cursor } from "@tidegate/protocol";
import { expiryOf } from "../connection/token-expiry.ts";
import type { Frame } from "../fan-out/format.ts";
import { asBuffer } from "../fan-out/text-payload.ts";
import { lossCode } from "../handlers/subscribe.ts";
import { ChannelReader, type ReaderOwner } from "../http/channel-reader.ts";
import type { Problem } from "../http/problem.ts";
import type { ReaderItem } from "../http/reader-item.ts";
import type { Principal } from "../namespace-policies.ts";
import type { NodeContext } from "../node-context.ts";
import type { Drainable } from "../paced-drain.ts";
import type { Sleeper } from "../timer-wheel.ts";
import { pollBatch } from "./poll-batch.ts";

/** What a poll asks for. */
export interface PollWish {
  readonly channels: readonly string[];
  /** The text is what the client sent; `undefined`: from now. */
  readonly cursor: { readonly text: string; readonly places: Cursor } | undefined;
  readonly timeoutMs: number;
  readonly limit: number;
}

/** What a poll comes to: the answer as JSON members, or a problem. */
export type PollOutcome =
  | {
      readonly kind: "answer";
      /** `messages` and, if there was one, `reset`. */
      readonly news: string;
      readonly cursor: string | undefined;
    }
  | { readonly kind: "problem"; readonly problem: Problem };

const SETTLE_MS = 100;

const UNFINISHED: Problem = {
  code: "history_unavailable",
  detail: "the node could not find out in time where these channels stand",
};

/** One poll, while it waits. Nothing of it outlives the answer. */
export class Poll implements Drainable, ReaderOwner, Sleeper {
  wakeAt: number = Number.POSITIVE_INFINITY;
  wheelSlot = -1;
  wheelIndex = -1;
  readonly #node: NodeContext;
  readonly #wish: PollWish;
  readonly #onOver: (poll: Poll, outcome: PollOutcome | undefined) => void;
  readonly #reader: ChannelReader;
  readonly #read = new Map<string, ReaderItem[]>();
  /** By namespace, where the client stood before the first of what was read. */
  readonly #starts = new Map<string, number>();
  readonly #live: Frame[] = [];
  readonly #deadline: number;
  #hasBegun = false;
  #isDue = false;
  #isOver = false;

  /** @param onOver called exactly once, with `undefined` if the client left. */
  constructor(
    node: NodeContext,
    principal: Principal,
    wish: PollWish,
    onOver: (poll: Poll, outcome: PollOutcome | undefined) => void,
  ) {
    const { limits, uptime } = node;
    this.#node = node;
    this.#wish = wish;
    this.#onOver = onOver;
    this.#reader = new ChannelReader(this, limits.outboxBytes, undefined);
    // One that does not wait for messages still waits for the channels.
    const patienceMs = wish.timeoutMs === 0 ? limits.requestTimeoutMs : wish.timeoutMs;
    this.#deadline = Math.min(uptime() + patienceMs, expiryOf(principal, node));
  }

  begin(): void {
    if (this.#isOver) {
      return;
    }
    const { channels, cursor } = this.#wish;
    this.#reader.start(this.#node.hub, channels, "object", cursor?.places);
    this.#reschedule();
  }

  begun(): void {
    this.#hasBegun = true;
    if (this.#wish.timeoutMs === 0) {
      this.#answerSoon();
    }
  }

  live(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (this.#live.length < this.#wish.limit) {
        this.#live.push(frame);
      }
    }
    this.#answerSoon();
  }

  ordered(namespace: string, items: readonly ReaderItem[], mark: number): boolean {
    const read = this.#read.get(namespace);
    if (read === undefined) {
      this.#read.set(namespace, [...items]);
      this.#starts.set(namespace, mark);
    } else {
      for (const item of items) {
        read.push(item);
      }
    }
    this.#answerSoon();
    return true;
  }

  settling(): void {
    this.#reschedule();
  }

  failed(error: BrokerError | "overflow"): void {
    if (this.#hasNews) {
      this.#answer();
    } else if (error === "overflow") {
      this.#finish({ kind: "problem", problem: UNFINISHED });
    } else {
      const detail = "the node cannot get these channels from NATS now";
      this.#finish({ kind: "problem", problem: { code: lossCode(error), detail } });
    }
  }

  /** The client is gone. */
  abort(): void {
    this.#finish(undefined);
  }

  /** The node leaves: answers with what there is. */
  drain(): void {
    this.#answer();
  }

  end(): void {
    this.#answer();
  }

  /** @internal Called by the timer wheel. */
  wake(now: number): void {
    if (now >= this.#deadline) {
      this.#answer();
      return;
    }
    if (this.#reader.isSettling) {
      this.#reader.flush();
    }
    this.#reschedule();
  }

  get #hasNews(): boolean {
    return this.#live.length > 0 || this.#read.size > 0;
  }

  /** Behind everything else of this turn: a batch is better than a message. */
  #answerSoon(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      queueMicrotask(() => this.#answer());
    }
  }

  #answer(): void {
    if (this.#isOver) {
      return;
    }
    const { cursor, limit } = this.#wish;
    if (!this.#hasBegun) {
      this.#finish(
        cursor === undefined
          ? { kind: "problem", problem: UNFINISHED }
          : { kind: "answer", news: '"messages":[]', cursor: cursor.text },
      );
      return;
    }
    // Asked first: it may deliver more.
    this.#reader.checkpoint();
    const { frames, resets, cuts } = pollBatch(this.#read, this.#live, limit, this.#node.limits.pageBytes);
    const messages = `"messages":[${frames.map(({ bytes }) => asBuffer(bytes).toString()).join(",")}]`;
    const news = resets.length === 0 ? messages : `${messages},"reset":${JSON.stringify(resets)}`;
    const { traffic } = this.#node;
    traffic.messagesOut += frames.length;
    traffic.bytesOut += news.length;
    const places = new Map([...cuts].map(([name, last]) => [name, last || (this.#starts.get(name) ?? 0)]));
    this.#finish({ kind: "answer", news, cursor: this.#reader.cursorWith(places) ?? cursor?.text });
  }

  #finish(outcome: PollOutcome | undefined): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#reader.release();
      this.#node.wheel.cancel(this);
      this.#onOver(this, outcome);
    }
  }

  #reschedule(): void {
    if (!this.#isOver) {
      const settle = this.#reader.isSettling ? this.#node.uptime() + SETTLE_MS : Number.POSITIVE_INFINITY;
      this.#node.wheel.schedule(this, Math.min(this.#deadline, settle));
    }
  }
}
