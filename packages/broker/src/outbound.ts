import type { PublishOptions } from "@nats-io/transport-node";
import {
  ClosedConnectionError,
  DrainingConnectionError,
  InvalidArgumentError,
} from "@nats-io/transport-node";
import type { Confirmations } from "./confirmations.ts";
import type { Link } from "./link.ts";
import type { OutgoingHeaders } from "./message-headers.ts";

/**
 * - `sent`: written to the connection. Core NATS confirms nothing: a connection that breaks now may still lose it.
 * - `unavailable`: there is no connection. nats.js would take the message and lose it.
 * - `too_large`: payload and headers together exceed what the server takes.
 * - `busy`: the server does not keep up; try again when it has.
 */
export type PublishOutcome = "sent" | "unavailable" | "too_large" | "busy";

/** Share of the limit after which the server is asked how far it has come. */
const CONFIRM_SHARE = 8;

/** A smaller amount is confirmed after this time, so that the count returns to zero on a quiet node. */
const CONFIRM_AFTER_MS = 250;

/** `HPUB`, lengths, spaces and line ends around one message. */
const FRAME_BYTES = 32;

/**
 * Everything this node publishes. nats.js ignores the socket's backpressure and buffers without bound, so bytes are
 * counted between round trips: what the server has not confirmed is in our memory, the kernel's or on its way.
 */
export class Outbound {
  readonly #link: Link;
  readonly #confirmations: Confirmations;
  readonly #maxPendingBytes: number;
  /** Running totals; their difference is what is pending. */
  #sentBytes = 0;
  #confirmedBytes = 0;
  #refused = 0;
  #confirming = false;
  #timer: NodeJS.Timeout | undefined;
  #maxPayload: number;

  constructor(link: Link, confirmations: Confirmations, maxPendingBytes: number) {
    this.#link = link;
    this.#confirmations = confirmations;
    this.#maxPendingBytes = maxPendingBytes;
    this.#maxPayload = link.nats.info?.max_payload ?? 0;
    link.onState((state) => {
      if (state === "connected") return;
      // nats.js throws its buffer away with the connection.
      this.#confirmedBytes = this.#sentBytes;
      this.#stopTimer();
    });
  }

  get pendingBytes(): number {
    return this.#sentBytes - this.#confirmedBytes;
  }

  /** Messages answered with anything but `sent`, since start. */
  get refused(): number {
    return this.#refused;
  }

  /** Most bytes one message may have, headers included; of the last known server while there is none. */
  get maxPayload(): number {
    const current = this.#link.nats.info?.max_payload;
    if (current !== undefined) this.#maxPayload = current;
    return this.#maxPayload;
  }

  send(
    subject: string,
    payload: Uint8Array,
    headers: OutgoingHeaders | undefined,
    reply: string | undefined,
  ): PublishOutcome {
    const outcome = this.#trySend(subject, payload, headers, reply);
    if (outcome !== "sent") this.#refused += 1;
    return outcome;
  }

  #trySend(
    subject: string,
    payload: Uint8Array,
    headers: OutgoingHeaders | undefined,
    reply: string | undefined,
  ): PublishOutcome {
    if (this.#link.state !== "connected") return "unavailable";
    const bytes = payload.length + (headers === undefined ? 0 : headers.bytes);
    if (bytes > this.maxPayload) return "too_large";
    if (this.pendingBytes >= this.#maxPendingBytes) return "busy";
    try {
      this.#link.nats.publish(subject, payload, publishOptions(headers, reply));
    } catch (error) {
      if (error instanceof InvalidArgumentError) return "too_large";
      // The state may be some microtasks behind nats.js. Anything else is a subject nobody validated.
      if (error instanceof ClosedConnectionError || error instanceof DrainingConnectionError)
        return "unavailable";
      throw error;
    }
    this.#sentBytes += bytes + subject.length + (reply === undefined ? 0 : reply.length) + FRAME_BYTES;
    this.#scheduleConfirmation();
    return "sent";
  }

  #scheduleConfirmation(): void {
    if (this.#confirming) return;
    if (this.pendingBytes >= this.#maxPendingBytes / CONFIRM_SHARE) {
      this.#confirm();
    } else {
      this.#timer ??= setTimeout(() => this.#confirm(), CONFIRM_AFTER_MS).unref();
    }
  }

  #confirm(): void {
    this.#stopTimer();
    this.#confirming = true;
    const sentBefore = this.#sentBytes;
    this.#confirmations.confirm().then(
      () => {
        this.#confirming = false;
        this.#confirmedBytes = Math.max(this.#confirmedBytes, sentBefore);
        if (this.pendingBytes > 0) this.#scheduleConfirmation();
      },
      () => {
        // The connection is gone and the count with it.
        this.#confirming = false;
      },
    );
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function publishOptions(
  headers: OutgoingHeaders | undefined,
  reply: string | undefined,
): PublishOptions | undefined {
  if (headers === undefined) return reply === undefined ? undefined : { reply };
  return reply === undefined ? { headers: headers.block } : { headers: headers.block, reply };
}
