import { randomFillSync } from "node:crypto";
import type { Msg } from "@nats-io/transport-node";
import { createInbox } from "@nats-io/transport-node";
import type { Faults } from "./faults.ts";
import type { Link } from "./link.ts";

export interface ReplyInboxParts {
  readonly link: Pick<Link, "nats" | "onState" | "onDenied">;
  readonly faults: Faults;
  readonly inboxPrefix: string;
  /** What it is called where its failures are reported: `the request inbox`. */
  readonly name: string;
}

/**
 * Why no answer can come any more.
 *
 * - `lost`: the connection broke; what was sent may have got out.
 * - `inbox_denied`: permissions forbid to listen to the answers.
 * - `subject_denied`: permissions forbid to ask.
 */
export type NoAnswer = "lost" | "inbox_denied" | "subject_denied";

/** Somebody who waits for answers. */
export interface Waiter {
  /** Where the question was sent. */
  readonly subject: string;
}

/** What becomes of waiters. One for all of them, since there is a waiter for each question on the path of messages. */
export interface ReplyOwner<Waiting extends Waiter> {
  /** An answer, or a part of one. The waiter goes on waiting until {@link ReplyInbox.forget}. */
  answered(waiter: Waiting, message: Msg): void;
  /** Has to {@link ReplyInbox.forget} the waiter. */
  failed(waiter: Waiting, reason: NoAnswer): void;
}

/** 12 random bytes: whoever sees one reply subject cannot guess, and so not answer, another question's. */
const TOKEN_BYTES = 12;
const TOKENS_PER_REFILL = 256;

/**
 * Answers to many questions on one subscription, `<inbox>.*`, told apart by a token each. Answers that nobody waits for, too late or
 * one too many, are dropped: no token comes twice.
 */
export class ReplyInbox<Waiting extends Waiter> {
  readonly #parts: ReplyInboxParts;
  readonly #owner: ReplyOwner<Waiting>;
  readonly #waiting = new Map<string, Waiting>();
  readonly #randomBytes = Buffer.alloc(TOKEN_BYTES * TOKENS_PER_REFILL);
  #randomOffset = this.#randomBytes.length;
  /** With the dot in front of the token. */
  #prefix: string | undefined;

  constructor(parts: ReplyInboxParts, owner: ReplyOwner<Waiting>) {
    this.#parts = parts;
    this.#owner = owner;
    parts.link.onState((state) => {
      if (state !== "connected") this.#failAll("lost");
    });
    parts.link.onDenied((operation, subject) => {
      if (operation === "publish") this.#failAll("subject_denied", subject);
    });
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** A token for a new question. */
  token(): string {
    if (this.#randomOffset === this.#randomBytes.length) {
      randomFillSync(this.#randomBytes);
      this.#randomOffset = 0;
    }
    const start = this.#randomOffset;
    this.#randomOffset += TOKEN_BYTES;
    return this.#randomBytes.toString("base64url", start, this.#randomOffset);
  }

  /** Where to have the answer sent. Subscribes with the first question, and again after it was denied. */
  subjectOf(token: string): string {
    this.#prefix ??= this.#open();
    return `${this.#prefix}${token}`;
  }

  /** The question was sent. */
  expect(token: string, waiter: Waiting): void {
    this.#waiting.set(token, waiter);
  }

  /** No answer is wanted any more. False if that was so already. */
  forget(token: string): boolean {
    return this.#waiting.delete(token);
  }

  #open(): string {
    const { link, faults, inboxPrefix, name } = this.#parts;
    const prefix = `${createInbox(inboxPrefix)}.`;
    link.nats.subscribe(`${prefix}*`, {
      callback: (error, message) => {
        try {
          if (error === null) this.#onMessage(message, prefix.length);
          else this.#onRefused();
        } catch (cause) {
          faults.callbackFailed(name, cause);
        }
      },
    });
    return prefix;
  }

  #onMessage(message: Msg, tokenOffset: number): void {
    const waiter = this.#waiting.get(message.subject.slice(tokenOffset));
    if (waiter !== undefined) this.#owner.answered(waiter, message);
  }

  #onRefused(): void {
    this.#prefix = undefined;
    this.#failAll("inbox_denied");
  }

  /** @param subject only those who asked there. */
  #failAll(reason: NoAnswer, subject?: string): void {
    for (const waiter of [...this.#waiting.values()]) {
      if (subject === undefined || waiter.subject === subject) this.#owner.failed(waiter, reason);
    }
  }
}
