import type { ClientMessage, CloseName, ErrorMessage } from "@tidegate/protocol";
import type { FrameSource } from "../handlers/client-payload.ts";
import { dispatch } from "../handlers/dispatch.ts";
import { type Answer, errorAnswer, type Session } from "../handlers/session.ts";
import { TokenBucket } from "../token-bucket.ts";
import type { InboundFrame } from "./held-frames.ts";
import { readInbound } from "./inbound-message.ts";

/**
 * What a frame leads to: an answer now or later (`undefined`: it was given already), or the end of the connection. For what is `counted`,
 * {@link FrameIntake.answered} is due once the answer was sent.
 */
export type IntakeOutcome =
  | { readonly kind: "answer"; readonly answer: Answer | undefined }
  | {
      readonly kind: "later";
      readonly answer: Promise<Answer | undefined>;
      readonly counted: Counted | undefined;
    }
  | { readonly kind: "close"; readonly name: CloseName; readonly reason: string };

/** What a node that leaves waits for. */
type Counted = "request" | "publish";

/** Those whose number is limited, and those that are only waited for. */
const COUNTED: { readonly [Type in ClientMessage["type"]]?: Counted } = {
  request: "request",
  history: "request",
  publish: "publish",
};

/**
 * Takes the frames of one authenticated client: rate, decoding, the rule of ids, and for each frame exactly one
 * answer.
 */
export class FrameIntake {
  readonly #session: Session;
  readonly #bucket: TokenBucket;
  #lastId: number;
  #requests = 0;
  #publishes = 0;

  /** @param lastId of the `connect` that was handled before there was an intake; 0 if there was none. */
  constructor(session: Session, burst: number, now: number, lastId: number) {
    this.#session = session;
    this.#lastId = lastId;
    this.#bucket = new TokenBucket(burst, now);
  }

  /** Requests and reads of history whose answer was not sent yet. */
  get requestsInFlight(): number {
    return this.#requests;
  }

  /** Whether nothing is under way that the client should still get the answer of. */
  get isIdle(): boolean {
    return this.#requests + this.#publishes === 0;
  }

  answered(counted: Counted): void {
    this.#count(counted, -1);
  }

  #count(counted: Counted, by: 1 | -1): void {
    if (counted === "request") {
      this.#requests += by;
    } else {
      this.#publishes += by;
    }
  }

  take(frame: InboundFrame): IntakeOutcome {
    const { context, format } = this.#session;
    if (format === "raw") {
      return { kind: "close", name: "receive_only", reason: "raw connections only receive" };
    }
    const { limits, uptime } = context;
    const rate = limits.messagesPerSecond;
    const verdict = this.#bucket.take(uptime(), rate, limits.messageBurst);
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
    return this.#dispatch(decoded.message, source);
  }

  #dispatch(message: ClientMessage, source: FrameSource): IntakeOutcome {
    let outcome: Answer | undefined | Promise<Answer | undefined>;
    try {
      outcome = dispatch(this.#session, message, source);
    } catch (error) {
      return answer(this.#failed(error, message.id));
    }
    if (!(outcome instanceof Promise)) {
      return answer(outcome);
    }
    const counted = COUNTED[message.type];
    if (counted !== undefined) {
      this.#count(counted, 1);
    }
    return { kind: "later", answer: outcome.catch((error) => this.#failed(error, message.id)), counted };
  }

  /** A handler that throws is a defect: it is logged, and the client gets its answer all the same. */
  #failed(error: unknown, id: number): ErrorMessage {
    const { context, id: connection } = this.#session;
    context.logger.error({ err: error, connection }, "a message handler failed");
    return errorAnswer(id, "internal_error", "the node has logged what happened");
  }
}

function answer(message: Answer | undefined): IntakeOutcome {
  return { kind: "answer", answer: message };
}
