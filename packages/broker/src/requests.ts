import { randomFillSync } from "node:crypto";
import type { Msg } from "@nats-io/transport-node";
import { createInbox } from "@nats-io/transport-node";
import type { Faults } from "./faults.ts";
import type { HeaderReader } from "./header-reader.ts";
import type { Link } from "./link.ts";
import type { OutgoingHeaders } from "./message-headers.ts";
import type { Outbound } from "./outbound.ts";
import type { RequestOutcome } from "./service-reply.ts";
import { outcomeOfReply } from "./service-reply.ts";

export interface RequestsParts {
  readonly link: Link;
  readonly outbound: Outbound;
  readonly reader: HeaderReader;
  readonly faults: Faults;
  readonly inboxPrefix: string;
}

/**
 * What became of a message that wants an answer, where it matters whether it may have got out. As {@link RequestOutcome}, but:
 *
 * - `unavailable`: no connection; nothing was sent.
 * - `busy`: the server does not keep up; nothing was sent.
 * - `lost`: the connection broke while waiting.
 */
export type ExchangeOutcome = RequestOutcome | { readonly kind: "busy" } | { readonly kind: "lost" };

interface PendingRequest {
  readonly subject: string;
  readonly settle: (outcome: ExchangeOutcome) => void;
}

/** 12 random bytes: whoever sees one reply subject cannot guess, and so not answer, another request's. */
const TOKEN_BYTES = 12;
const TOKENS_PER_REFILL = 256;

/**
 * Requests of this node, all answered on one inbox subscription. nats.js has the same, but keeps a request whose caller
 * has gone, or whose connection is lost, until its timeout.
 */
export class Requests {
  readonly #parts: RequestsParts;
  readonly #pending = new Map<string, PendingRequest>();
  readonly #randomBytes = Buffer.alloc(TOKEN_BYTES * TOKENS_PER_REFILL);
  #randomOffset = this.#randomBytes.length;
  /** Replies arrive on `<inbox>.<token>`. */
  #inbox: string | undefined;
  #onIdle: (() => void) | undefined;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    parts.link.onState((state) => {
      if (state !== "connected") this.#settleAll({ kind: "lost" });
    });
    parts.link.onDenied((operation, subject) => {
      if (operation === "publish") this.#settleSubject(subject);
    });
  }

  get pending(): number {
    return this.#pending.size;
  }

  async request(
    subject: string,
    payload: Uint8Array,
    headers: OutgoingHeaders | undefined,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<RequestOutcome> {
    const outcome = await this.exchange(subject, payload, headers, timeoutMs, signal);
    return outcome.kind === "busy" || outcome.kind === "lost" ? { kind: "unavailable" } : outcome;
  }

  /** As {@link request}, with the finer outcome. */
  exchange(
    subject: string,
    payload: Uint8Array,
    headers: OutgoingHeaders | undefined,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<ExchangeOutcome> {
    if (signal?.aborted === true) return Promise.resolve({ kind: "aborted" });
    if (!this.#parts.link.open) return Promise.resolve({ kind: "unavailable" });
    const inbox = this.#openInbox();
    const token = this.#token();
    const sent = this.#parts.outbound.send(subject, payload, headers, `${inbox}.${token}`);
    if (sent !== "sent") return Promise.resolve({ kind: sent });
    return new Promise((resolve) => {
      const settle = (outcome: ExchangeOutcome) => {
        if (!this.#pending.delete(token)) return;
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        resolve(outcome);
        if (this.#pending.size === 0) this.#onIdle?.();
      };
      const onAbort = () => settle({ kind: "aborted" });
      const timer = setTimeout(() => settle({ kind: "timeout" }), timeoutMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#pending.set(token, { subject, settle });
    });
  }

  /** Resolves when no request waits any more; each is bounded by its timeout. */
  idle(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Opened with the first request and again after it was denied. */
  #openInbox(): string {
    if (this.#inbox !== undefined) return this.#inbox;
    const { link, faults, inboxPrefix } = this.#parts;
    const inbox = createInbox(inboxPrefix);
    link.nats.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        try {
          if (error === null) this.#onReply(inbox.length + 1, message);
          else this.#onInboxRefused();
        } catch (cause) {
          faults.callbackFailed("the request inbox", cause);
        }
      },
    });
    this.#inbox = inbox;
    return inbox;
  }

  #onReply(tokenOffset: number, message: Msg): void {
    const request = this.#pending.get(message.subject.slice(tokenOffset));
    // Late, or the second of two answers.
    if (request === undefined) return;
    request.settle(outcomeOfReply(message, this.#parts.reader));
  }

  #onInboxRefused(): void {
    this.#inbox = undefined;
    this.#settleAll({ kind: "denied" });
  }

  #settleSubject(subject: string): void {
    for (const request of [...this.#pending.values()]) {
      if (request.subject === subject) request.settle({ kind: "denied" });
    }
  }

  #settleAll(outcome: ExchangeOutcome): void {
    for (const request of [...this.#pending.values()]) request.settle(outcome);
  }

  #token(): string {
    if (this.#randomOffset === this.#randomBytes.length) {
      randomFillSync(this.#randomBytes);
      this.#randomOffset = 0;
    }
    const start = this.#randomOffset;
    this.#randomOffset += TOKEN_BYTES;
    return this.#randomBytes.toString("base64url", start, this.#randomOffset);
  }
}
