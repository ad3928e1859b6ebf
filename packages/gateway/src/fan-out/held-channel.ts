import type { JoinFrom, PieceLimits } from "@tidegate/broker";
import type { Position } from "@tidegate/protocol";
import type { Seat } from "./audience.ts";
import type { ChannelEntry, PendingJoin, Seated } from "./channel-entry.ts";
import type { CatchUpStep, PausedSeat } from "./paused-seat.ts";

/** What one subscriber has of a channel: at most one seat, and the source kept alive until it lets go. */
export class HeldChannel {
  readonly #entry: ChannelEntry;
  readonly #onReleased: (entry: ChannelEntry) => void;
  #seat: Seat | undefined;
  #pending: PendingJoin | undefined;
  #abort: AbortController | undefined;
  #paused: PausedSeat | undefined;
  #released = false;

  /** For {@link Hub.hold}. */
  constructor(entry: ChannelEntry, onReleased: (entry: ChannelEntry) => void) {
    this.#entry = entry;
    this.#onReleased = onReleased;
  }

  /** Channel or pattern. */
  get name(): string {
    return this.#entry.channel.name;
  }

  /** Whether it has positions, can be resumed and never skips a message silently. */
  get replayable(): boolean {
    return this.#entry.policy.replayable;
  }

  /**
   * Takes a seat when the broker delivers the channel. `seated` is called once, perhaps before this returns, and not after
   * {@link release}; deliver its frames at once, since what the seat gets comes right behind them.
   *
   * @param from `now` for a live channel; `last` not for patterns.
   */
  join(from: JoinFrom, seat: Seat, seated: (seated: Seated) => void): void {
    const settled = (outcome: Seated): void => {
      // Not kept as long as the seat is: there are many of them.
      this.#pending = undefined;
      this.#abort = undefined;
      seated(outcome);
    };
    this.#seat = seat;
    this.#pending = { seat, from, seated: settled };
    // What takes no reading is over before anybody could call it off.
    this.#abort = from.kind === "now" ? undefined : new AbortController();
    this.#entry.join(this.#pending, this.#abort?.signal);
  }

  /** Sequence of the newest message that the seat has got behind a {@link checkpoint}; 0 if there is none yet. */
  get lastSequence(): number {
    return this.#entry.lastSequence;
  }

  /**
   * Delivers what is held back for the seat, and tells up to where it has been served; that advances on a quiet channel, too.
   * `undefined` for a live channel, and before the position is known.
   */
  checkpoint(): Position | undefined {
    this.serve();
    return this.#entry.position;
  }

  /** The line of the seat is another one now, or none. */
  relay(): void {
    if (this.#seat !== undefined && this.#seat.index !== -1) {
      this.#entry.channel.relay(this.#seat);
    }
  }

  /** Delivers what is held back for the seat, ahead of the others. */
  serve(): void {
    if (this.#seat !== undefined) {
      this.#entry.channel.serve(this.#seat);
    }
  }

  /**
   * Has the broker find out that nothing of the channel is missing up to `place`, where the stream is known to have come;
   * {@link checkpoint} then says so. `done` is called when it is over, perhaps before this returns, and not after {@link release}.
   */
  prove(place: Position, done: () => void): void {
    this.#entry.prove(place, () => {
      if (!this.#released) {
        done();
      }
    });
  }

  /**
   * Gives up the seat of a replayable channel for a while, within the delivery of what it does not take any more. Resets and the
   * loss of the channel are told all the same. A seat that pauses already goes on from `place` instead.
   *
   * @param place up to which it has been served, if that is not up to this delivery.
   * @param late sequences up to there that it has not been served.
   */
  pause(place: Position | undefined, late: readonly number[] = []): void {
    if (this.#seat === undefined || this.#released) {
      return;
    }
    if (this.#paused === undefined) {
      this.#paused = this.#entry.pause(this.#seat, place, late);
    } else if (place !== undefined) {
      this.#entry.rewind(this.#paused, place, late);
    }
  }

  /**
   * Reads on while the seat pauses, one piece at a time, and takes the seat again behind the last one. `took` is called once,
   * perhaps before this returns, and not after {@link release}; deliver its frames at once.
   */
  catchUp(most: PieceLimits, took: (step: CatchUpStep) => void): void {
    const paused = this.#paused;
    if (paused === undefined || this.#released) {
      return;
    }
    this.#entry.catchUp(paused, most, (step) => {
      if (step.kind === "reset" || (step.kind === "piece" && step.isSeated)) {
        this.#paused = undefined;
      }
      // Telling a reset may have been the end.
      if (!this.#released) {
        took(step);
      }
    });
  }

  /** Gives up the seat, or the wish for one, and the channel. Idempotent. */
  release(): void {
    if (this.#released) {
      return;
    }
    this.#released = true;
    if (this.#pending !== undefined) {
      this.#entry.abandon(this.#pending);
      this.#pending = undefined;
    }
    if (this.#seat !== undefined) {
      this.#entry.channel.leave(this.#seat);
    }
    if (this.#paused !== undefined) {
      this.#entry.endPause(this.#paused);
      this.#paused = undefined;
    }
    this.#abort?.abort();
    this.#onReleased(this.#entry);
  }
}
