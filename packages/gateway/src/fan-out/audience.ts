import type { BrokerError } from "@tidegate/broker";
import type { Position, ResetReason } from "@tidegate/protocol";
import { batchFrames } from "./batch-frames.ts";
import { type Format, type Frame, isBatched } from "./format.ts";

/**
 * One subscriber's place in a channel. Calls come one after another, never from within `join`, and may lead to seats being
 * given up, this one included.
 */
export interface Seat {
  readonly format: Format;
  /** Owned by the audience; -1 without a seat. */
  index: number;
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

/**
 * The subscribers of one channel that want one format. An array and not a set: walking it is what a delivery
 * costs, and leaving is a swap with the last seat.
 */
export class Audience {
  readonly format: Format;
  #seats: Seat[] = [];
  /** The seats that a flush is walking over: not to be changed but at the end. */
  #walked: readonly Seat[] | undefined;
  readonly #batchBytes: number;
  #frames: Frame[] = [];

  /** @param batchBytes how large a batch may be, where the format joins messages. */
  constructor(format: Format, batchBytes: number) {
    this.format = format;
    this.#batchBytes = batchBytes;
  }

  get size(): number {
    return this.#seats.length;
  }

  add(seat: Seat): void {
    seat.index = this.#seats.length;
    this.#seats.push(seat);
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

  /** Keeps a frame for the next flush. */
  hold(frame: Frame): void {
    this.#frames.push(frame);
  }

  /** Hands all held frames to every seat, in one call each; not to seats taken or given up meanwhile. */
  flush(): void {
    if (this.#frames.length === 0) {
      return;
    }
    const frames = isBatched(this.format) ? batchFrames(this.#frames, this.#batchBytes) : this.#frames;
    this.#frames = [];
    const seats = this.#seats;
    const { length } = seats;
    this.#walked = seats;
    for (let index = 0; index < length; index += 1) {
      const seat = seats[index];
      if (seat !== undefined && seat.index !== -1) {
        seat.deliver(frames);
      }
    }
    this.#walked = undefined;
  }

  /** The seats now; for what is no delivery. */
  seats(): readonly Seat[] {
    return [...this.#seats];
  }
}
