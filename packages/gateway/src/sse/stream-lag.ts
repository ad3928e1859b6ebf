import { CatchUp, type CatchUpContext, type CatchUpOwner, type Laggard } from "../fan-out/catch-up.ts";
import type { Traffic } from "../traffic.ts";
import type { StreamOutbox } from "./stream-outbox.ts";

/** What it shares with those of other streams. */
export type StreamLagContext = CatchUpContext & { readonly traffic: Traffic };

/** The stream that it is of. */
export interface StreamLagOwner {
  /** {@link StreamLag.wake} is due at another time, or {@link StreamLag.overdueAt} has changed. */
  reschedule(): void;
}

/**
 * - `flowing`: messages go out.
 * - `lagging`: since then more has waited than may. Until enough of it is gone, messages of live channels are skipped and counted in
 *   `missed`, and those of replayable channels are not taken.
 */
type State =
  | { readonly kind: "flowing" }
  | { readonly kind: "lagging"; readonly since: number; missed: number };

const FLOWING: State = { kind: "flowing" };

/** As for WebSockets: lagging ends at this share of the limit, not just below it. */
const RESUME_SHARE = 0.5;

/** Decides what an event stream may be sent whose client reads too slowly, and has it catch up when the client has read. */
export class StreamLag implements CatchUpOwner {
  readonly #outbox: StreamOutbox;
  readonly #context: StreamLagContext;
  readonly #owner: StreamLagOwner;
  #state: State = FLOWING;
  /** While namespaces are behind. */
  #catchUp: CatchUp | undefined;

  constructor(outbox: StreamOutbox, context: StreamLagContext, owner: StreamLagOwner) {
    this.#outbox = outbox;
    this.#context = context;
    this.#owner = owner;
  }

  /** More waits than may: nothing is to be sent that can be skipped or had later. */
  get isFull(): boolean {
    return this.#state.kind === "lagging";
  }

  /** It is full, or has not caught up since it was. */
  get isLagging(): boolean {
    return this.isFull || this.#catchUp !== undefined;
  }

  /** When the stream has to end, since its client reads too slowly for too long. */
  get overdueAt(): number {
    const { laggingMs, catchUpMs } = this.#context.limits;
    const fullAt = this.#state.kind === "lagging" ? this.#state.since + laggingMs : Number.POSITIVE_INFINITY;
    return Math.min(fullAt, (this.#catchUp?.since ?? Number.POSITIVE_INFINITY) + catchUpMs);
  }

  /** When to call {@link wake}. */
  get wakeAt(): number {
    return this.#catchUp?.wakeAt ?? Number.POSITIVE_INFINITY;
  }

  /** Whether there is room for much at once: as much as ends lagging. */
  get hasRoom(): boolean {
    return this.#state.kind === "flowing" && this.#hasDrained;
  }

  /** Something was sent. */
  weigh(): void {
    if (this.#state.kind === "lagging" || this.#outbox.waitingBytes <= this.#context.limits.outboxBytes) {
      return;
    }
    // What the network has taken may count as waiting until it is asked.
    if (this.#outbox.isBlocked) {
      this.#context.traffic.lags += 1;
      this.#become({ kind: "lagging", since: this.#context.uptime(), missed: 0 }, this.#catchUp);
      this.#owner.reschedule();
    }
  }

  /** Messages of live channels are not sent, because it is full. */
  skip(messages: number): void {
    this.#context.traffic.messagesMissed += messages;
    if (this.#state.kind === "lagging") {
      this.#state.missed += messages;
    }
  }

  /** The client may have read something. Returns how many messages it missed, if that ends the lagging. */
  drained(): number {
    const state = this.#state;
    if (state.kind === "flowing" || !this.#hasDrained) {
      return 0;
    }
    this.#become(FLOWING, this.#catchUp);
    return state.missed;
  }

  /** What was missed has been told: what is behind may go on. */
  advance(): void {
    this.#catchUp?.advance();
  }

  /** A namespace was skipped, since it is full; or since too much was held for other channels, which is not the client's doing. */
  add(laggard: Laggard): void {
    if (this.#catchUp === undefined) {
      this.#become(this.#state, new CatchUp(this, this.#context));
      this.#owner.reschedule();
    }
    this.#catchUp?.add(laggard);
    // Where too much was held, and not too much waits, nobody will say that there is room.
    this.#catchUp?.advance();
  }

  wake(now: number): void {
    this.#catchUp?.wake(now);
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#catchUp?.close();
    this.#become(FLOWING, undefined);
  }

  /** @internal Called by what catches up. */
  caughtUp(): void {
    this.#catchUp?.close();
    this.#become(this.#state, undefined);
  }

  /** @internal Called by what catches up. */
  reschedule(): void {
    this.#owner.reschedule();
  }

  /** The one place where it begins and ceases to be one of those who lag, whom the node numbers. */
  #become(state: State, catchUp: CatchUp | undefined): void {
    const lagged = this.isLagging;
    this.#state = state;
    this.#catchUp = catchUp;
    if (this.isLagging !== lagged) {
      this.#context.traffic.laggingStreams += lagged ? -1 : 1;
    }
  }

  get #hasDrained(): boolean {
    const { isBlocked, waitingBytes } = this.#outbox;
    return !isBlocked || waitingBytes <= this.#context.limits.outboxBytes * RESUME_SHARE;
  }
}
