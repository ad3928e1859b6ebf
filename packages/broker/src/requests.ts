import type { Faults } from "./faults.ts";
import type { HeaderReader } from "./header-reader.ts";
import type { Link } from "./link.ts";
import type { OutgoingHeaders } from "./message-headers.ts";
import type { Outbound } from "./outbound.ts";
import type { NoAnswer, Waiter } from "./reply-inbox.ts";
import { ReplyInbox } from "./reply-inbox.ts";
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

interface PendingRequest extends Waiter {
  readonly settle: (outcome: ExchangeOutcome) => void;
}

const NO_ANSWER: Readonly<Record<NoAnswer, ExchangeOutcome>> = {
  lost: { kind: "lost" },
  inbox_denied: { kind: "denied" },
  subject_denied: { kind: "denied" },
};

/**
 * Requests of this node, all answered on one inbox subscription. nats.js has the same, but keeps a request whose caller
 * has gone, or whose connection is lost, until its timeout.
 */
export class Requests {
  readonly #parts: RequestsParts;
  readonly #inbox: ReplyInbox<PendingRequest>;
  #onIdle: (() => void) | undefined;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    this.#inbox = new ReplyInbox(
      { ...parts, name: "the request inbox" },
      {
        answered: (request, message) => request.settle(outcomeOfReply(message, parts.reader)),
        failed: (request, reason) => request.settle(NO_ANSWER[reason]),
      },
    );
  }

  get pending(): number {
    return this.#inbox.size;
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
    const inbox = this.#inbox;
    const token = inbox.token();
    const sent = this.#parts.outbound.send(subject, payload, headers, inbox.subjectOf(token));
    if (sent !== "sent") return Promise.resolve({ kind: sent });
    return new Promise((resolve) => {
      const settle = (outcome: ExchangeOutcome) => {
        if (!inbox.forget(token)) return;
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        resolve(outcome);
        if (inbox.size === 0) this.#onIdle?.();
      };
      const onAbort = () => settle({ kind: "aborted" });
      const timer = setTimeout(() => settle({ kind: "timeout" }), timeoutMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      inbox.expect(token, { subject, settle });
    });
  }

  /** Resolves when no request waits any more; each is bounded by its timeout. */
  idle(): Promise<void> {
    if (this.#inbox.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }
}
