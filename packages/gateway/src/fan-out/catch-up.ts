import type { PieceLimits } from "@tidegate/broker";
import type { NodeContext } from "../node-context.ts";
import type { Turn } from "../turns.ts";
import type { CatchUpStep } from "./paused-seat.ts";

/** What a catch-up needs of its connection. */
export type CatchUpContext = Pick<NodeContext, "instruments" | "limits" | "turns" | "uptime">;

/** What became of one piece; `ended`: it was given up while it was behind. */
export type CatchUpOutcome =
  | Pick<CatchUpStep & { readonly kind: "piece" }, "kind" | "source" | "isSeated">
  | { readonly kind: "reset" | "failed" | "ended" };

/** Something that was skipped while its client read too slowly, and reads on. */
export interface Laggard {
  readonly isBehind: boolean;
  /** Reads the next piece and delivers it. `took` is called once, behind that, and perhaps before this returns. */
  catchUp(most: PieceLimits, took: (outcome: CatchUpOutcome) => void): void;
}

/** The outbox that a catch-up goes through. */
export interface CatchUpOwner {
  /** Whether one piece may be sent now. */
  readonly hasRoom: boolean;
  /** {@link CatchUp.wake} is due at another time. */
  reschedule(): void;
  /** Nothing is behind any more. */
  caughtUp(): void;
}

/**
 * - `waiting`: for room in the outbox.
 * - `queued`: for its turn on this node.
 * - `reading`: a piece for one of them is on its way.
 * - `resting`: a reading failed; tries again at `until`.
 * - `over`: nothing is behind any more, or the connection is closed.
 */
type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "queued" }
  | { readonly kind: "reading"; readonly laggard: Laggard }
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
 * Brings what one connection has of replayable channels up to date that was skipped while its client read too slowly: one piece
 * at a time, each when there is room for it, and those that are behind in turn. Made when the first falls behind, gone when all
 * have caught up.
 */
export class CatchUp implements Turn {
  /** When the first of them fell behind. */
  readonly since: number;
  readonly #owner: CatchUpOwner;
  readonly #context: CatchUpContext;
  #state: State = WAITING;
  #behind: Laggard[] = [];
  /** Those of which something had to be read from the stream. */
  readonly #fromStream = new Set<Laggard>();

  constructor(owner: CatchUpOwner, context: CatchUpContext) {
    this.#owner = owner;
    this.#context = context;
    this.since = context.uptime();
  }

  /** When to call {@link wake}. */
  get wakeAt(): number {
    return this.#state.kind === "resting" ? this.#state.until : Number.POSITIVE_INFINITY;
  }

  add(laggard: Laggard): void {
    this.#behind.push(laggard);
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
    const laggard = this.#next();
    if (laggard === undefined) {
      this.#finish();
      return;
    }
    this.#state = { kind: "reading", laggard };
    const bytes = Math.min(this.#context.limits.outboxBytes * PIECE_SHARE, MOST_PIECE_BYTES);
    laggard.catchUp({ messages: PIECE_MESSAGES, bytes }, (outcome) => this.#took(laggard, outcome));
  }

  /** The one whose turn it is; others may have been given up meanwhile. */
  #next(): Laggard | undefined {
    for (;;) {
      const laggard = this.#behind.shift();
      if (laggard === undefined || laggard.isBehind) {
        return laggard;
      }
    }
  }

  #took(laggard: Laggard, outcome: CatchUpOutcome): void {
    if (this.#state.kind !== "reading") {
      return;
    }
    this.#state = WAITING;
    switch (outcome.kind) {
      case "piece":
        if (outcome.source === "stream") {
          this.#fromStream.add(laggard);
        }
        if (outcome.isSeated) {
          this.#context.instruments.catchUps[this.#fromStream.has(laggard) ? "stream" : "ring"].inc();
        } else {
          this.#behind.push(laggard);
        }
        break;
      case "reset":
        this.#context.instruments.catchUps.reset.inc();
        break;
      case "failed":
        this.#behind.push(laggard);
        this.#state = { kind: "resting", until: this.#context.uptime() + REST_MS };
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
