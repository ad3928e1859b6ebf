import type { Frame } from "./format.ts";

/** One place in an audience. The audience owns `index`. */
export interface Seat {
  index: number;
  /** Hands over the frames of one flush. May lead to seats being given up, this one included. */
  deliver(frames: readonly Frame[]): void;
}

/**
 * The subscribers of one channel that want one format. An array and not a set: walking it is what a delivery
 * costs, and leaving is a swap with the last seat.
 */
export class Audience {
  readonly #seats: Seat[] = [];
  #frames: Frame[] = [];

  get size(): number {
    return this.#seats.length;
  }

  add(seat: Seat): void {
    seat.index = this.#seats.length;
    this.#seats.push(seat);
  }

  remove(seat: Seat): void {
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

  /** Hands all held frames to every seat. */
  flush(): void {
    const frames = this.#frames;
    this.#frames = [];
    // Backwards, so that a seat given up during its own delivery is replaced by one that was served already.
    for (let index = this.#seats.length - 1; index >= 0; index -= 1) {
      this.#seats[index]?.deliver(frames);
    }
  }

  /** The seats now; for messages that are not deliveries. */
  seats(): readonly Seat[] {
    return [...this.#seats];
  }
}
