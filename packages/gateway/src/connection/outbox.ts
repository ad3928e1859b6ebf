import type { Position } from "@tidegate/protocol";
import { CatchUp, type CatchUpContext, type CatchUpOwner } from "../fan-out/catch-up.ts";
import type { Frame } from "../fan-out/format.ts";
import { LINE_QUEUED, type Line } from "../fan-out/line.ts";
import type { SendOutcome, Socket } from "../socket.ts";
import type { Traffic } from "../traffic.ts";
import type { Subscription } from "./subscriptions.ts";

/**
 * - `flowing`: sends go out.
 * - `lagging`: the client reads too slowly and more than the limit waits. Until enough of it is gone, messages of live channels
 *   are skipped and counted in `missed`, with the name of their channel if it is only one, else an empty one; those of replayable
 *   channels are not taken. Answers go on up to `ceiling`.
 * - `broken`: a frame was lost, too many answers wait, or the connection is closed. Nothing is sent any more and the connection has to
 *   end, since a hole can't be mended; behind what was sent before, the client can resume.
 */
export type OutboxState =
  | { readonly kind: "flowing" }
  | {
      readonly kind: "lagging";
      readonly since: number;
      readonly ceiling: number;
      missed: number;
      missedIn: string | undefined;
    }
  | { readonly kind: "broken" };

/** What an outbox shares with all others. */
export type OutboxContext = CatchUpContext & { readonly traffic: Traffic };

/** The connection that an outbox is of. */
export interface OutboxOwner {
  /** The outbox has to be looked at another time. Told within a send, so it must not send or close. */
  reschedule(): void;
  /** {@link Outbox.line} is another one. Likewise. */
  relay(): void;
}

const FLOWING: OutboxState = { kind: "flowing" };
const BROKEN: OutboxState = { kind: "broken" };

/** Messages of live channels that were skipped. */
export interface Missed {
  readonly missed: number;
  /** Where, if all of them were of one channel or pattern. */
  readonly channel: string | undefined;
}

/** Lagging ends at this share of the limit, not just below it: else a slow client would get a notice with every read. */
const RESUME_SHARE = 0.5;

// One cork at a time runs synchronously, so its arguments can stand here instead of in a closure per delivery.
let corkedOutbox: Outbox | undefined;
/** Where messages are missed. Asked for its name only then: each object that a delivery touches is fetched from memory. */
export interface Skipped {
  readonly name: string;
}

const NO_FRAMES: readonly Frame[] = [];
let corkedFrames = NO_FRAMES;
let corkedOf: Skipped | undefined;
function writeCorked(): void {
  corkedOutbox?.pushAll(corkedFrames, corkedOf);
}

/**
 * The bounded queue between fan-out and one connection. The bytes wait in the transport's buffer; this counts them and
 * decides what may still be added: at most the limit and one message, or one flush or piece of replayable channels, and on
 * top of that the limit again in answers.
 */
export class Outbox implements CatchUpOwner {
  readonly #socket: Socket;
  readonly #context: OutboxContext;
  readonly #owner: OutboxOwner;
  #state: OutboxState = FLOWING;
  /** While subscriptions are behind. */
  #catchUp: CatchUp | undefined;

  constructor(socket: Socket, context: OutboxContext, owner: OutboxOwner) {
    this.#socket = socket;
    this.#context = context;
    this.#owner = owner;
  }

  get state(): OutboxState {
    return this.#state;
  }

  /** Where messages may go as long as none is skipped and no subscription is to fall behind. */
  get line(): Line | undefined {
    return this.#state.kind === "flowing" ? this.#socket.line : undefined;
  }

  /** More waits than may, or subscriptions have not caught up since it did. */
  get isLagging(): boolean {
    return this.#state.kind === "lagging" || this.#catchUp !== undefined;
  }

  /** Since when subscriptions have been behind, if any are. */
  get behindSince(): number | undefined {
    return this.#catchUp?.since;
  }

  /** When to call {@link wake}. */
  get wakeAt(): number {
    return this.#catchUp?.wakeAt ?? Number.POSITIVE_INFINITY;
  }

  /** Whether there is room for much at once: as much as ends lagging. */
  get hasRoom(): boolean {
    return this.#state.kind === "flowing" && this.#socket.bufferedBytes() <= this.#limitBytes * RESUME_SHARE;
  }

  /** Sends the messages of one flush to a subscription; or skips those of a live channel, and leaves a replayable one behind. */
  deliver(subscription: Subscription, frames: readonly Frame[]): void {
    if (subscription.replayable) {
      this.deliverBehind(subscription, frames, undefined);
    } else {
      this.deliverLive(frames, subscription);
    }
  }

  /**
   * Sends what a subscription to a replayable channel gets, or leaves it behind.
   *
   * @param place behind which these are, if they are not of the delivery under way.
   */
  deliverBehind(subscription: Subscription, frames: readonly Frame[], place: Position | undefined): void {
    if (!this.deliverOrdered(frames)) {
      subscription.fallBehind(place);
      if (this.#catchUp === undefined) {
        this.#become(this.#state, new CatchUp(this, this.#context));
        this.reschedule();
      }
      this.#catchUp?.add(subscription);
    }
  }

  /** Sends the messages of one flush of a live channel, in one write, or counts them as missed. */
  deliverLive(frames: readonly Frame[], of: Skipped): void {
    this.#write(frames, of);
  }

  /** Sends the messages of one flush of a replayable channel, in one write; or none of them, and returns false, while it lags. */
  deliverOrdered(frames: readonly Frame[]): boolean {
    if (this.#state.kind === "lagging") {
      return false;
    }
    this.#write(frames, undefined);
    return true;
  }

  /** Sends a piece of a replayable channel that was asked for while there was room, though it may lag again by now. */
  replay(frames: readonly Frame[]): void {
    this.#write(frames, undefined);
  }

  /** Something went over the line, and not whole: see {@link Line}. */
  strained(outcome: number): void {
    if (outcome === LINE_QUEUED) {
      this.#weigh();
    } else {
      this.#strain(BROKEN);
    }
  }

  /** @param of a live channel; `undefined`: none of it must be skipped. */
  #write(frames: readonly Frame[], of: Skipped | undefined): void {
    const [only] = frames;
    if (frames.length === 1 && only !== undefined) {
      this.#offer(only, of);
      return;
    }
    corkedOutbox = this;
    corkedFrames = frames;
    corkedOf = of;
    this.#socket.cork(writeCorked);
    corkedOutbox = undefined;
    corkedFrames = NO_FRAMES;
    // What the cork held back was written at its end, and only now shows in the buffer.
    this.#weigh();
  }

  /** @internal The frames of one cork. */
  pushAll(frames: readonly Frame[], of: Skipped | undefined): void {
    for (const frame of frames) {
      this.#offer(frame, of);
    }
  }

  /** Sends an answer or a notice. Never skipped: letting too many pile up breaks the outbox. */
  answer(frame: string | Uint8Array, binary = false): void {
    const state = this.#state;
    if (state.kind === "broken") {
      return;
    }
    if (state.kind === "lagging" && this.#socket.bufferedBytes() > state.ceiling) {
      this.#strain(BROKEN);
      return;
    }
    this.#push(frame, binary, 1);
  }

  /** The network took some of what waited. Returns what was missed, if that ends the lagging and anything was. */
  drained(): Missed | undefined {
    const state = this.#state;
    if (state.kind !== "lagging" || this.#socket.bufferedBytes() > this.#limitBytes * RESUME_SHARE) {
      return undefined;
    }
    this.#become(FLOWING, this.#catchUp);
    const { missed, missedIn } = state;
    return missed === 0 ? undefined : { missed, channel: missedIn === "" ? undefined : missedIn };
  }

  /** The network took some of what waited, and what that means for live channels has been said. */
  advance(): void {
    this.#catchUp?.advance();
  }

  wake(now: number): void {
    this.#catchUp?.wake(now);
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#catchUp?.close();
    this.#become(BROKEN, undefined);
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

  get #limitBytes(): number {
    return this.#context.limits.outboxBytes;
  }

  #offer(frame: Frame, of: Skipped | undefined): void {
    const state = this.#state;
    if (state.kind === "flowing" || (of === undefined && state.kind === "lagging")) {
      this.#push(frame.bytes, frame.binary, frame.messages);
      return;
    }
    if (of === undefined) {
      return;
    }
    this.#context.traffic.messagesMissed += frame.messages;
    if (state.kind === "lagging") {
      state.missed += frame.messages;
      const { name } = of;
      state.missedIn = (state.missedIn ?? name) === name ? name : "";
    }
  }

  #push(frame: string | Uint8Array, binary: boolean, messages: number): void {
    const outcome: SendOutcome = this.#socket.send(frame, binary);
    switch (outcome) {
      case "dropped":
        this.#strain(BROKEN);
        return;
      case "closed":
        return;
      case "queued":
        this.#weigh();
        break;
      case "sent":
        break;
    }
    this.#context.traffic.messagesOut += messages;
    this.#context.traffic.bytesOut += typeof frame === "string" ? Buffer.byteLength(frame) : frame.byteLength;
  }

  #weigh(): void {
    if (this.#state.kind !== "flowing") {
      return;
    }
    const buffered = this.#socket.bufferedBytes();
    if (buffered > this.#limitBytes) {
      // From what waits now on, not from the limit: the last message may have been many times as large.
      const ceiling = buffered + this.#limitBytes;
      this.#context.traffic.lags += 1;
      this.#strain({
        kind: "lagging",
        since: this.#context.uptime(),
        ceiling,
        missed: 0,
        missedIn: undefined,
      });
    }
  }

  #strain(state: OutboxState): void {
    this.#become(state, this.#catchUp);
    this.#owner.reschedule();
  }

  /** The one place where it begins and ceases to be one of those who lag, whom the node numbers. */
  #become(state: OutboxState, catchUp: CatchUp | undefined): void {
    const lagged = this.isLagging;
    const { line } = this;
    this.#state = state;
    this.#catchUp = catchUp;
    if (this.line !== line) {
      this.#owner.relay();
    }
    if (this.isLagging !== lagged) {
      this.#context.traffic.laggingConnections += lagged ? -1 : 1;
    }
  }
}
