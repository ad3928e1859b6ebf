import type { Frame } from "../fan-out/format.ts";
import type { CatchUpStep } from "../fan-out/paused-seat.ts";
import type { NodeContext } from "../node-context.ts";
import type { Turn } from "../turns.ts";
import type { CatchUpEnd, Subscription } from "./subscriptions.ts";

/** What a catch-up needs of its connection. */
export type CatchUpContext = Pick<NodeContext, "instruments" | "limits" | "now" | "turns">;

/** The outbox that a catch-up goes through. */
export interface CatchUpOwner {
  /** Whether one piece may be sent now. */
  readonly hasRoom: boolean;
  /** Sends a piece. */
  replay(frames: readonly Frame[]): void;
  /** {@link CatchUp.wake} is due at another time. */
  reschedule(): void;
  /** Nothing is behind any more. */
  caughtUp(): void;
}

/**
 * - `waiting`: for room in the outbox.
 * - `queued`: for its turn on this node.
 * - `reading`: a piece for one subscription is on its way.
 * - `resting`: a reading failed; tries again at `until`.
 * - `over`: nothing is behind any more, or the connection is closed.
 */
type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "queued" }
  | { readonly kind: "reading"; readonly subscription: Subscription }
  | { readonly kind: "resting"; readonly until: number }
  | { readonly kind: "over" };

const WAITING: State = { kind: "waiting" };
const QUEUED: State = { kind: "queued" };
const OVER: State = { kind: "over" };

const REST_MS = 1_000;

/** A piece is small beside the outbox, and quickly encoded. */
const PIECE_MESSAGES = 256;
const PIECE_SHARE = 0.25;
const MOST_PIECE_BYTES = 131_072;

/**
 * Brings the replayable subscriptions of one connection up to date that were skipped while its client read too slowly: one piece
 * at a time, each when there is room for it, and the subscriptions in turn. Made when the first falls behind, gone when all have
 * caught up.
 */
export class CatchUp implements Turn {
  /** When the first of them fell behind. */
  readonly since: number;
  readonly #owner: CatchUpOwner;
  readonly #context: CatchUpContext;
  #state: State = WAITING;
  #behind: Subscription[] = [];
  /** Those of which something had to be read from the stream. */
  readonly #fromStream = new Set<Subscription>();

  constructor(owner: CatchUpOwner, context: CatchUpContext) {
    this.#owner = owner;
    this.#context = context;
    this.since = context.now();
  }

  /** When to call {@link wake}. */
  get wakeAt(): number {
    return this.#state.kind === "resting" ? this.#state.until : Number.POSITIVE_INFINITY;
  }

  add(subscription: Subscription): void {
    this.#behind.push(subscription);
  }

  /** There may be room now. */
  advance(): void {
    if (this.#state.kind === "waiting" && this.#owner.hasRoom) {
      this.#state = QUEUED;
      this.#context.turns.enter(this);
    }
  }

  wake(now: number): void {
    if (this.#state.kind === "resting" && now >= this.#state.until) {
      this.#state = WAITING;
      this.advance();
    }
  }

  close(): void {
    this.#state = OVER;
    this.#behind = [];
  }

  /** @internal Its turn has come. */
  take(): void {
    if (this.#state.kind !== "queued") {
      return;
    }
    this.#state = WAITING;
    if (!this.#owner.hasRoom) {
      return;
    }
    const subscription = this.#next();
    if (subscription === undefined) {
      this.#finish();
      return;
    }
    this.#state = { kind: "reading", subscription };
    const bytes = Math.min(this.#context.limits.outboxBytes * PIECE_SHARE, MOST_PIECE_BYTES);
    subscription.catchUp({ messages: PIECE_MESSAGES, bytes }, (step) => this.#took(subscription, step));
  }

  /** The one whose turn it is; others may have been unsubscribed meanwhile. */
  #next(): Subscription | undefined {
    for (;;) {
      const subscription = this.#behind.shift();
      if (subscription === undefined || subscription.isBehind) {
        return subscription;
      }
    }
  }

  #took(subscription: Subscription, step: CatchUpStep | CatchUpEnd): void {
    if (this.#state.kind !== "reading") {
      return;
    }
    this.#state = WAITING;
    switch (step.kind) {
      case "piece":
        if (step.source === "stream") {
          this.#fromStream.add(subscription);
        }
        if (step.frames.length > 0) {
          this.#owner.replay(step.frames);
        }
        if (step.isSeated) {
          this.#context.instruments.catchUps[this.#fromStream.has(subscription) ? "stream" : "ring"].inc();
        } else {
          this.#behind.push(subscription);
        }
        break;
      case "reset":
        this.#context.instruments.catchUps.reset.inc();
        break;
      case "failed":
        this.#behind.push(subscription);
        this.#state = { kind: "resting", until: this.#context.now() + REST_MS };
        this.#owner.reschedule();
        return;
      case "ended":
        break;
    }
    if (this.#behind.some(({ isBehind }) => isBehind)) {
      this.advance();
    } else {
      this.#finish();
    }
  }

  #finish(): void {
    this.close();
    this.#owner.caughtUp();
  }
}
