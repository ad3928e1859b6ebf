import type { Msg } from "@nats-io/transport-node";
import { BrokerError } from "../broker-error.ts";
import type { Faults } from "../faults.ts";
import type { HeaderReader } from "../header-reader.ts";
import type { HeaderValues } from "../header-scan.ts";
import { headerNames } from "../header-scan.ts";
import type { Link } from "../link.ts";
import type { Outbound } from "../outbound.ts";
import type { NoAnswer, Waiter } from "../reply-inbox.ts";
import { ReplyInbox } from "../reply-inbox.ts";
import { type Attempt, hedge } from "./hedge.ts";
import { deliveryOf, STORED_HEADERS } from "./read-stored-message.ts";
import type { StoredMessage } from "./stored-message.ts";

export interface DirectGetsParts {
  readonly link: Link;
  readonly outbound: Outbound;
  readonly reader: HeaderReader;
  readonly faults: Faults;
  readonly inboxPrefix: string;
  /** `rt.` */
  readonly channelPrefix: string;
  readonly timeoutMs: number;
}

/**
 * What one replica answered.
 *
 * - `messages`: all it sent arrived; `pending` more of what was asked for came behind them.
 * - `nothing`: it had none (status 404), which says nothing about the others.
 * - `too_many`: more subjects than one answer may name (413).
 * - `nobody`: no server answers for this stream: it is missing, has no leader, or does not allow direct gets (503).
 */
export type DirectAnswer =
  | {
      readonly kind: "messages";
      readonly messages: readonly StoredMessage[];
      readonly pending: number;
      /** Of an answer about several subjects: what the replica knew of the stream. */
      readonly upTo: number | undefined;
    }
  | { readonly kind: "nothing" }
  | { readonly kind: "too_many" }
  | { readonly kind: "nobody" };

interface PendingGet extends Waiter {
  readonly messages: StoredMessage[];
  readonly settle: (outcome: DirectAnswer | BrokerError) => void;
}

const DIRECT_GET = "$JS.API.DIRECT.GET";

const PENDING_AT = STORED_HEADERS.length;
const UP_TO_AT = PENDING_AT + 1;
const LAST_SEQUENCE_AT = 1;
const NAMES = [...STORED_HEADERS, ...headerNames("Nats-Num-Pending", "Nats-UpTo-Sequence")];

const END_OF_BATCH = 204;
const NOT_FOUND = 404;
const TOO_MANY_RESULTS = 413;
const NO_RESPONDERS = 503;

const encoder = new TextEncoder();

/**
 * Direct Gets of several messages at a time, all answered on one inbox. nats.js has the same, but throws for an empty answer and keeps
 * a subscription for five seconds after each.
 *
 * Core NATS may lose a part of an answer. Each part names the one before, so an answer with a hole is an error and
 * never a shorter answer.
 */
export class DirectGets {
  readonly #parts: DirectGetsParts;
  readonly #inbox: ReplyInbox<PendingGet>;
  #sent = 0;

  constructor(parts: DirectGetsParts) {
    this.#parts = parts;
    this.#inbox = new ReplyInbox(
      { ...parts, name: "the inbox of stream reads" },
      {
        answered: (get, message) => this.#onPart(get, message),
        failed: (get, reason) => get.settle(this.#reasonOf(get, reason)),
      },
    );
  }

  get pending(): number {
    return this.#inbox.size;
  }

  /** Requests sent since start. */
  get sent(): number {
    return this.#sent;
  }

  /**
   * Sends one request, again where nothing comes, and gathers its answer. Rejects with a BrokerError: `unavailable`, `denied`, `closed`.
   *
   * @param request with `batch`, and with `max_bytes`: without it the server sends up to 64 MB at once.
   */
  get(stream: string, request: object): Promise<DirectAnswer> {
    const payload = encoder.encode(JSON.stringify(request));
    return hedge(() => this.#attempt(stream, payload));
  }

  #attempt(stream: string, payload: Uint8Array): Attempt<DirectAnswer> {
    const { link, outbound, timeoutMs } = this.#parts;
    if (!link.open) return failed(link.refusal());
    const inbox = this.#inbox;
    const token = inbox.token();
    const subject = `${DIRECT_GET}.${stream}`;
    const sent = outbound.send(subject, payload, undefined, inbox.subjectOf(token));
    if (sent !== "sent") {
      return failed(new BrokerError("unavailable", `a read of stream ${stream} was not sent: ${sent}`));
    }
    this.#sent += 1;
    const messages: StoredMessage[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<DirectAnswer>();
    const settle = (outcome: DirectAnswer | BrokerError) => {
      if (!inbox.forget(token)) return;
      clearTimeout(timer);
      outcome instanceof BrokerError ? reject(outcome) : resolve(outcome);
    };
    const timer = setTimeout(() => {
      settle(new BrokerError("unavailable", `stream ${stream} did not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    inbox.expect(token, { subject, messages, settle });
    return {
      outcome: promise,
      isAnswering: () => messages.length > 0,
      cancel: () => {
        inbox.forget(token);
        clearTimeout(timer);
      },
    };
  }

  #onPart(get: PendingGet, message: Msg): void {
    const values = this.#parts.reader.read(message, NAMES) ?? [];
    const delivery = deliveryOf(message, values, this.#parts.channelPrefix.length);
    if (delivery === undefined) {
      get.settle(endOf(get, message, values));
      return;
    }
    if (delivery.lastSequence === lastSequenceOf(get)) get.messages.push(delivery.message);
    else get.settle(incomplete(get));
  }

  #reasonOf({ subject }: PendingGet, reason: NoAnswer): BrokerError {
    switch (reason) {
      case "lost":
        return this.#parts.link.refusal();
      case "inbox_denied":
        return new BrokerError("denied", "NATS permissions forbid the inbox of stream reads");
      case "subject_denied":
        return new BrokerError("denied", `NATS permissions forbid to publish to ${subject}`);
    }
  }
}

function failed(error: BrokerError): Attempt<never> {
  return { outcome: Promise.reject(error), isAnswering: () => true, cancel: () => {} };
}

function endOf(get: PendingGet, message: Msg, values: HeaderValues): DirectAnswer | BrokerError {
  const status = statusOf(message);
  switch (status) {
    case END_OF_BATCH: {
      const upTo = values[UP_TO_AT];
      return Number(values[LAST_SEQUENCE_AT] ?? 0) === lastSequenceOf(get)
        ? {
            kind: "messages",
            messages: get.messages,
            pending: Number(values[PENDING_AT] ?? 0),
            upTo: upTo === undefined ? undefined : Number(upTo),
          }
        : incomplete(get);
    }
    case NOT_FOUND:
      return { kind: "nothing" };
    case TOO_MANY_RESULTS:
      return { kind: "too_many" };
    case NO_RESPONDERS:
      return { kind: "nobody" };
    default:
      return new BrokerError("server_error", `${get.subject} answered with status ${status}`);
  }
}

function lastSequenceOf(get: PendingGet): number {
  return get.messages.at(-1)?.sequence ?? 0;
}

function incomplete(get: PendingGet): BrokerError {
  return new BrokerError("unavailable", `a part of an answer of ${get.subject} was lost`);
}

function statusOf(message: Msg): number {
  try {
    return message.headers?.code ?? 0;
  } catch {
    // A block nats.js does not parse is not one the server wrote.
    return 0;
  }
}
