import type { BrokerError } from "@tidegate/broker";
import { Pause } from "@tidegate/broker";
import type { Position } from "@tidegate/protocol";
import type { Seat } from "./audience.ts";
import type { Frame } from "./format.ts";

/** What one reading for a seat that paused came to. */
export type CatchUpStep =
  | {
      readonly kind: "piece";
      readonly source: "none" | "ring" | "stream";
      /** To be delivered now. */
      readonly frames: readonly Frame[];
      /** Sequence up to which it has everything now, but for what comes late. */
      readonly place: number;
      /** It sits again: what it gets comes right behind. */
      readonly isSeated: boolean;
    }
  /** It sits again, and has been told of a reset. */
  | { readonly kind: "reset" }
  /** It still pauses. */
  | { readonly kind: "failed"; readonly error: BrokerError };

/** A reading that was not answered yet. */
interface Reading {
  readonly abort: AbortController;
  readonly took: (step: CatchUpStep) => void;
}

/** A seat that was given up for a while: how far it got, and no message. */
export class PausedSeat {
  readonly seat: Seat;
  readonly pause: Pause;
  #reading: Reading | undefined;

  constructor(seat: Seat, place: Position) {
    this.seat = seat;
    this.pause = new Pause(place);
  }

  /** Begins a reading. The signal aborts when it is called off. */
  begin(took: (step: CatchUpStep) => void): AbortSignal {
    const abort = new AbortController();
    this.#reading = { abort, took };
    return abort.signal;
  }

  /** Ends the reading, for what its answer is to be given to. */
  end(): (step: CatchUpStep) => void {
    const took = this.#reading?.took;
    this.#reading = undefined;
    return took ?? (() => {});
  }

  /** Calls the reading off, without an answer from the source. */
  callOff(): (step: CatchUpStep) => void {
    const reading = this.#reading;
    const took = this.end();
    reading?.abort.abort();
    return took;
  }
}
