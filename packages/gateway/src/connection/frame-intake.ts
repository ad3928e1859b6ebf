import type { CloseName } from "@tidegate/protocol";
import { dispatch } from "../handlers/dispatch.ts";
import { type Answer, errorAnswer, type Session } from "../handlers/session.ts";
import { TokenBucket } from "../token-bucket.ts";
import type { InboundFrame } from "./held-frames.ts";
import { readInbound } from "./inbound-message.ts";

/** What a frame leads to: an answer now or later, or the end of the connection. */
export type IntakeOutcome =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "later"; readonly answer: Promise<Answer | undefined> }
  | { readonly kind: "close"; readonly name: CloseName; readonly reason: string };

/**
 * Takes the frames of one authenticated client: rate, decoding, the rule of ids, and for each frame exactly one
 * answer.
 */
export class FrameIntake {
  readonly #session: Session;
  readonly #bucket: TokenBucket;
  #lastId = 0;
  #requestsInFlight = 0;

  constructor(session: Session, burst: number, now: number) {
    this.#session = session;
    this.#bucket = new TokenBucket(burst, now);
  }

  get requestsInFlight(): number {
    return this.#requestsInFlight;
  }

  /** `connect` was handled before there was an intake; its id counts all the same. */
  startAfter(id: number): void {
    this.#lastId = id;
  }

  take(frame: InboundFrame): IntakeOutcome {
    const { limits, now } = this.#session.context;
    const rate = limits.messagesPerSecond;
    const verdict = this.#bucket.take(now(), rate, limits.messageBurst);
    if (verdict === "flood") {
      return { kind: "close", name: "rate_limited", reason: `at most ${rate} messages a second` };
    }
    const { decoded, source } = readInbound(frame);
    const id = decoded.ok ? decoded.message.id : decoded.id;
    if (id !== undefined && id <= this.#lastId) {
      // Without the id: that one is answered already, or will be.
      return answer(
        errorAnswer(undefined, "duplicate_id", `id ${id} is not above ${this.#lastId}, the last one`),
      );
    }
    this.#lastId = id ?? this.#lastId;
    if (verdict === "limited") {
      const retryAfter = this.#bucket.retryAfterMs(rate);
      return answer(errorAnswer(id, "rate_limited", `at most ${rate} messages a second`, { retryAfter }));
    }
    if (!decoded.ok) {
      return answer(errorAnswer(id, decoded.code, decoded.message));
    }
    const { message } = decoded;
    const outcome = dispatch(this.#session, message, source);
    if (!(outcome instanceof Promise)) {
      return answer(outcome);
    }
    const counted = message.type === "request" ? this.#count(outcome) : outcome;
    return { kind: "later", answer: this.#settled(counted, message.id) };
  }

  async #count(outcome: Promise<Answer | undefined>): Promise<Answer | undefined> {
    this.#requestsInFlight += 1;
    try {
      return await outcome;
    } finally {
      this.#requestsInFlight -= 1;
    }
  }

  /** A handler that throws is a defect: it is logged, and the client gets its answer all the same. */
  async #settled(outcome: Promise<Answer | undefined>, id: number): Promise<Answer | undefined> {
    try {
      return await outcome;
    } catch (error) {
      const { context, id: connection } = this.#session;
      context.logger.error({ err: error, connection }, "a message handler failed");
      return errorAnswer(id, "internal_error", "the node has logged what happened");
    }
  }
}

function answer(message: Answer): IntakeOutcome {
  return { kind: "answer", answer: message };
}
