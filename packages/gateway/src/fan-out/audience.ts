import type { BrokerError } from "@tidegate/broker";
import type { Position, ResetReason } from "@tidegate/protocol";
import { batchFrames } from "./batch-frames.ts";
import type { FlushBudget } from "./flush-budget.ts";
import { type Format, type Frame, isBatched } from "./format.ts";

/**
 * One subscriber's place in a channel. Calls come one after another, never from within `join`, and may lead to seats being
 * given up, this one included.
 */
export interface Seat {
  readonly format: Format;
  /** Owned by the audience; -1 without a seat. */
  index: number;
  /** Owned by the audience: the number of the next frame that it has to get. */
  due: number;
  /** Hands over the frames of one flush: shared, not to be changed. */
  deliver(frames: readonly Frame[]): void;
  /** Replayable channels: continuity is lost, messages may be missing here. What follows goes on behind `position`. */
  reset(reason: ResetReason, position: Position): void;
  /**
   * Replayable channels: `true`: messages may be missing behind the last one delivered and are being looked for. Until `false`,
   * nothing newer of the namespace may be told as a cursor.
   */
  catchingUp(active: boolean): void;
  /** The broker gave the channel up: nothing follows, and the seat is gone already. */
  lost(error: BrokerError): void;
}

/** Frames by number; a hole is where a newer one took the place of the frame. */
type Log = readonly (Frame | undefined)[];

const NO_FRAMES: readonly Frame[] = [];

/**
 * The subscribers of one channel that want one format. An array and not a set: walking it is what a delivery
 * costs, and leaving is a swap with the last seat.
 *
 * Frames are numbered, and each seat knows the number that it is due next. So a walk can stop anywhere and go on later, seats come
 * and go meanwhile, and one may be served ahead of the others: each gets what was held since it sat down, once and in order.
 */
export class Audience {
  readonly format: Format;
  readonly #batchBytes: number;
  #seats: Seat[] = [];
  /** For the next walk. */
  #held: (Frame | undefined)[] = [];
  /** By key, where in that the latest frame stands. */
  #latest: Map<string, number> | undefined;
  /** Number of the first of them; a walk goes up to there. */
  #heldFrom = 0;
  /** The seats that a walk goes over: not to be changed but at the end. `undefined` between walks. */
  #walked: readonly Seat[] | undefined;
  #walkedLog: Log = NO_FRAMES;
  #walkedFrom = 0;
  /** The whole log as it goes out. */
  #walkedFrames: readonly Frame[] = NO_FRAMES;
  #walkedSeats = 0;
  #nextSeat = 0;
  /** Number of the first frame of what is being handed over. */
  #handedFrom = 0;
  /** Less than the whole log, for those who came or were served in its midst; there may be many of them at the same place. */
  #part: { readonly from: number; readonly to: number; readonly frames: readonly Frame[] } | undefined;

  /** @param batchBytes how large a batch may be, where the format joins messages. */
  constructor(format: Format, batchBytes: number) {
    this.format = format;
    this.#batchBytes = batchBytes;
  }

  get size(): number {
    return this.#seats.length;
  }

  /** Whether there is something that no walk has begun to hand out. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** What is held so far is not for this one. */
  add(seat: Seat): void {
    seat.index = this.#seats.length;
    seat.due = this.#heldFrom + this.#held.length;
    if (this.#seats.length === 0 && this.#seats !== this.#walked) {
      // Many channels have one subscriber: an array that is pushed to makes room for 17.
      this.#seats = [seat];
    } else {
      this.#seats.push(seat);
    }
  }

  remove(seat: Seat): void {
    if (seat.index === -1) {
      return;
    }
    if (this.#seats === this.#walked) {
      this.#seats = [...this.#seats];
    }
    const last = this.#seats.pop();
    if (last !== undefined && last !== seat) {
      this.#seats[seat.index] = last;
      last.index = seat.index;
    }
    seat.index = -1;
  }

  /**
   * Keeps a frame for the next walk.
   *
   * @param key of what it is the latest state of: what is held under the same key is left out.
   * @returns whether something was.
   */
  hold(frame: Frame, key?: string): boolean {
    let supersedes = false;
    if (key !== undefined) {
      this.#latest ??= new Map();
      const earlier = this.#latest.get(key);
      this.#latest.set(key, this.#held.length);
      if (earlier !== undefined) {
        this.#held[earlier] = undefined;
        supersedes = true;
      }
    }
    this.#held.push(frame);
    return supersedes;
  }

  /** Begins to hand out what is held, if no walk is under way. */
  begin(): void {
    if (this.#walked !== undefined || this.#held.length === 0) {
      return;
    }
    this.#walkedLog = this.#held;
    this.#walkedFrom = this.#heldFrom;
    this.#heldFrom += this.#held.length;
    this.#held = [];
    this.#latest?.clear();
    this.#walkedFrames = this.#outgoing(this.#walkedLog);
    this.#walked = this.#seats;
    this.#walkedSeats = this.#seats.length;
    this.#nextSeat = 0;
  }

  /** Goes on with the walk that was begun, in one call for each seat. False if the budget ended it before its end. */
  walk(budget: FlushBudget): boolean {
    const seats = this.#walked;
    if (seats === undefined) {
      return true;
    }
    for (let index = this.#nextSeat; index < this.#walkedSeats; index += 1) {
      if (budget.isSpent()) {
        this.#nextSeat = index;
        return false;
      }
      const seat = seats[index];
      if (seat !== undefined && seat.index !== -1 && seat.due < this.#heldFrom) {
        this.#handWalked(seat);
      }
    }
    this.#walked = undefined;
    this.#walkedLog = NO_FRAMES;
    this.#walkedFrames = NO_FRAMES;
    this.#part = undefined;
    return true;
  }

  /** Hands one seat what it has not got yet, ahead of the others. */
  serve(seat: Seat): void {
    if (this.#walked !== undefined && seat.index !== -1 && seat.due < this.#heldFrom) {
      this.#handWalked(seat);
    }
    const to = this.#heldFrom + this.#held.length;
    if (seat.index !== -1 && seat.due < to) {
      const from = seat.due;
      seat.due = to;
      this.#handedFrom = from;
      this.#hand(seat, this.#partOf(this.#held, this.#heldFrom, from, to));
    }
  }

  /**
   * Sequences of what is being delivered to a seat and of all that is held for it behind that, in the order in which they came; to
   * be asked within that delivery.
   */
  undelivered(): readonly number[] {
    const walked = this.#walkedLog.slice(Math.max(0, this.#handedFrom - this.#walkedFrom));
    const held = this.#held.slice(Math.max(0, this.#handedFrom - this.#heldFrom));
    return [...(this.#handedFrom < this.#heldFrom ? walked : []), ...held].flatMap(
      (frame) => frame?.sequence ?? [],
    );
  }

  /** The seats now; for what is no delivery. */
  seats(): readonly Seat[] {
    return [...this.#seats];
  }

  #handWalked(seat: Seat): void {
    const from = seat.due;
    const to = this.#heldFrom;
    // Before the call: it may lead back here.
    seat.due = to;
    this.#handedFrom = from;
    this.#hand(
      seat,
      from === this.#walkedFrom
        ? this.#walkedFrames
        : this.#partOf(this.#walkedLog, this.#walkedFrom, from, to),
    );
  }

  #hand(seat: Seat, frames: readonly Frame[]): void {
    if (frames.length > 0) {
      seat.deliver(frames);
    }
  }

  #partOf(log: Log, first: number, from: number, to: number): readonly Frame[] {
    if (this.#part?.from !== from || this.#part.to !== to) {
      this.#part = { from, to, frames: this.#outgoing(log.slice(from - first)) };
    }
    return this.#part.frames;
  }

  #outgoing(log: Log): readonly Frame[] {
    const frames = log.includes(undefined) ? log.filter((frame) => frame !== undefined) : (log as Frame[]);
    return isBatched(this.format) ? batchFrames(frames, this.#batchBytes) : frames;
  }
}
