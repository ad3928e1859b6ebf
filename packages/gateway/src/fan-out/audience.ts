import type { Frame } from "./format.ts";

/** One place in an audience. */
export interface Seat {
  /** Owned by the audience; -1 without a seat. */
  index: number;
  /** Hands over the frames of one flush. May lead to seats being given up, this one included. */
  deliver(frames: readonly Frame[]): void;
}

/**
 * The subscribers of one channel that want one format. An array and not a set: walking it is what a delivery
 * costs, and leaving is a swap with the last seat.
 */
export class Audience {
  #seats: Seat[] = [];
  /** The seats that a flush is walking over: not to be changed but at the end. */
  #walked: readonly Seat[] | undefined;
  #frames: Frame[] = [];

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
    const frames = this.#frames;
    if (frames.length === 0) {
      return;
    }
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

  /** The seats now; for messages that are not deliveries. */
  seats(): readonly Seat[] {
    return [...this.#seats];
  }
}
