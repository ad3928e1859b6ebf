import type { BrokerError, JoinFrom, Piece, PieceLimits, StoredMessage } from "@tidegate/broker";
import { isPattern, type Position, type ResetReason } from "@tidegate/protocol";
import type { Instruments } from "../instruments.ts";
import type { DeliveryPolicy } from "../namespace-policies.ts";
import type { LineTraffic, Seat } from "./audience.ts";
import { batchFrames } from "./batch-frames.ts";
import { ChannelFanOut } from "./channel-fan-out.ts";
import type { ChannelSource, SourceJoined } from "./channel-source.ts";
import { type Frame, isBatched, messageFormat } from "./format.ts";
import { type CatchUpStep, PausedSeat } from "./paused-seat.ts";
import { boundReplay } from "./replay-bound.ts";
import type { ReplayFrames } from "./replay-frames.ts";

/** How a subscriber's wish to sit in a channel came out. */
export type Seated =
  | {
      readonly kind: "joined";
      /** Where the frames were found; see `Joined`. */
      readonly source: "none" | "ring" | "stream";
      /** To be delivered first; what the seat gets comes right behind. Empty for a live channel. */
      readonly frames: readonly Frame[];
      /** Before `frames`; `undefined` for a live channel. */
      readonly begin: Position | undefined;
      /** Behind `frames`. */
      readonly position: Position | undefined;
    }
  /** It sits, but continuity with its cursor cannot be proven: the seat goes on behind `position`. */
  | { readonly kind: "reset"; readonly reason: ResetReason; readonly position: Position }
  /** It does not sit. */
  | { readonly kind: "failed"; readonly error: BrokerError };

/** A wish that was not answered yet. */
export interface PendingJoin {
  readonly seat: Seat;
  readonly from: JoinFrom;
  readonly seated: (seated: Seated) => void;
}

export interface ReplayOptions {
  /** Payload bytes that one subscriber gets at once when it resumes. */
  readonly replayBytes: number;
  /** How large a batch frame may be. */
  readonly batchBytes: number;
  readonly traffic: LineTraffic;
  readonly instruments: Pick<Instruments, "resumes" | "resets">;
}

/** Messages of a pattern that may come late for one seat that pauses. */
const MOST_LATE = 1_000;

/** One channel or pattern that somebody on this node holds: its source, its seats, and who waits for one. */
export class ChannelEntry {
  readonly channel: ChannelFanOut;
  readonly policy: DeliveryPolicy;
  /** Subscribers that hold it, also those that do not sit yet. */
  holders = 0;
  /** The hub is going to flush it. */
  isQueued = false;
  readonly #replays: ReplayFrames;
  readonly #options: ReplayOptions;
  /** `undefined`: nobody waits, as mostly. */
  #pending: Set<PendingJoin> | undefined;
  readonly #isPattern: boolean;
  /** Sequence of the newest message that the seats got, or will at the next flush; 0 of a live channel. */
  lastSequence = 0;
  #source: ChannelSource | undefined;
  #epoch: string | undefined;
  #catchingUp = false;
  /** Of what may still be held back, messages of a pattern that came late: newer ones came before them. */
  #strays: number[] = [];
  #paused: Set<PausedSeat> | undefined;

  constructor(name: string, policy: DeliveryPolicy, replays: ReplayFrames, options: ReplayOptions) {
    this.channel = new ChannelFanOut(name, options.batchBytes, options.traffic, policy.conflate);
    this.policy = policy;
    this.#isPattern = isPattern(name);
    this.#replays = replays;
    this.#options = options;
  }

  /** Once, right after the construction: the source needs the entry to deliver to. */
  begin(source: ChannelSource): void {
    this.#source = source;
  }

  /** Everything up to here has been handed to the seats, if nothing is held back. */
  get position(): Position | undefined {
    return this.#source?.position;
  }

  /** Of what the source delivers; `undefined` for a live channel, and as long as nobody sits. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  join(pending: PendingJoin, signal: AbortSignal | undefined): void {
    this.#pending ??= new Set();
    this.#pending.add(pending);
    this.#source?.join(pending.from, (joined) => this.#settle(pending, joined), signal);
  }

  /** Has it found out that everything up to `place` was delivered; `done` is called when it was, or could not be. */
  prove({ epoch, sequence }: Position, done: () => void): void {
    // Whoever resumes from there has to be told just that.
    this.#source?.join({ kind: "since", cursor: new Map([[epoch, sequence]]) }, () => done(), undefined);
  }

  /** Nobody waits for the answer any more. */
  abandon(pending: PendingJoin): void {
    this.#settled(pending);
  }

  /** The source of a replayable channel brought a message, which is held back for the seats. */
  brought(sequence: number): void {
    if (!this.#isPattern) {
      this.lastSequence = sequence;
      return;
    }
    if (!this.isQueued && this.#strays.length > 0) {
      this.#strays = [];
    }
    if (sequence <= this.lastSequence) {
      this.#strays.push(sequence);
    } else {
      this.lastSequence = sequence;
    }
    for (const { pause } of this.#paused ?? []) {
      pause.came(sequence);
    }
  }

  /**
   * Takes a seat away, to be given back by {@link catchUp}: within a delivery to it, of which it has taken nothing.
   *
   * @param place up to which it was served, if it is not delivered to.
   * @param late what it lacks of that, by sequence.
   */
  pause(seat: Seat, place: Position | undefined, late: readonly number[]): PausedSeat {
    const paused =
      place === undefined
        ? this.#pauseBefore(seat, this.channel.undelivered(seat))
        : pausedAt(seat, place, late);
    this.channel.leave(seat);
    this.#paused ??= new Set();
    this.#paused.add(paused);
    return paused;
  }

  /** @param undelivered in the order in which they came. */
  #pauseBefore(seat: Seat, undelivered: readonly number[]): PausedSeat {
    const epoch = this.#epoch ?? "";
    const [first] = undelivered;
    if (first !== undefined && !undelivered.some((sequence) => this.#strays.includes(sequence))) {
      // Each of them was newer than everything that came before it.
      return new PausedSeat(seat, { epoch, sequence: first - 1 });
    }
    return pausedAt(seat, { epoch, sequence: this.lastSequence }, undelivered);
  }

  /** What was read behind that place for a seat that pauses has to be read again. */
  rewind(paused: PausedSeat, { sequence: place }: Position, late: readonly number[]): void {
    const took = paused.callOff();
    paused.pause.rewind(place);
    for (const sequence of late) {
      paused.pause.came(sequence);
    }
    took({ kind: "piece", source: "none", frames: [], place, isSeated: false });
  }

  /** Reads on for a seat that pauses; `took` is called once, perhaps before this returns, unless the pause is ended. */
  catchUp(paused: PausedSeat, most: PieceLimits, took: (step: CatchUpStep) => void): void {
    const signal = paused.begin(took);
    this.#source?.catchUp(
      paused.pause.begin(),
      most,
      (piece) => {
        if (!signal.aborted) {
          this.#read(paused, piece);
        }
      },
      signal,
    );
  }

  /** Gives a pause up, and the seat with it. */
  endPause(paused: PausedSeat): void {
    this.#paused?.delete(paused);
    paused.callOff();
  }

  /** Messages may be missing before `position`. */
  reset(reason: ResetReason, position: Position): void {
    this.channel.flush();
    this.#epoch = position.epoch;
    this.lastSequence = 0;
    for (const seat of this.channel.seats()) {
      if (seat.index !== -1) {
        this.#options.instruments.resets[reason].inc();
        seat.reset(reason, position);
      }
    }
    for (const paused of [...(this.#paused ?? [])]) {
      this.#resetPaused(paused, reason, position);
    }
  }

  catchingUp(active: boolean): void {
    this.#catchingUp = active;
    this.channel.flush();
    for (const seat of this.channel.seats()) {
      if (seat.index !== -1) {
        seat.catchingUp(active);
      }
    }
  }

  /** The source has ended: all seats are given up, and those who wait for one get none. */
  fail(error: BrokerError): void {
    this.channel.flush();
    for (const seat of this.channel.seats()) {
      if (seat.index !== -1) {
        this.channel.leave(seat);
        seat.lost(error);
      }
    }
    for (const paused of [...(this.#paused ?? [])]) {
      this.#paused?.delete(paused);
      paused.seat.lost(error);
    }
    for (const pending of this.#pending ?? []) {
      this.#settle(pending, { kind: "failed", error });
    }
  }

  close(): void {
    this.#source?.close();
  }

  /** False if it was settled or given up before. */
  #settled(pending: PendingJoin): boolean {
    const was = this.#pending?.delete(pending) ?? false;
    if (this.#pending?.size === 0) {
      this.#pending = undefined;
    }
    return was;
  }

  /** Runs at the very moment at which what is replayed ends where the source goes on. */
  #settle(pending: PendingJoin, found: SourceJoined): void {
    if (!this.#settled(pending)) {
      return;
    }
    const { seat, from, seated } = pending;
    const { instruments, replayBytes } = this.#options;
    const joined = boundReplay(found, from, replayBytes);
    if (from.kind !== "now") {
      instruments.resumes[joined.kind === "joined" ? joined.source : joined.kind].inc();
    }
    if (joined.kind === "failed") {
      seated(joined);
      return;
    }
    this.#sit(seat, joined.position);
    this.#tellCatchingUp(seat);
    if (joined.kind === "reset") {
      instruments.resets[joined.reason].inc();
      seated(joined);
    } else {
      const { source, messages, position } = joined;
      const frames = this.#encode(messages, position?.epoch, seat);
      seated({ kind: "joined", source, frames, begin: beginOf(messages, position), position });
    }
  }

  /** Runs at the moment at which a piece ends, and, if it is the last, at which the source goes on behind it. */
  #read(paused: PausedSeat, piece: Piece): void {
    const { seat, pause } = paused;
    const took = paused.end();
    if (piece.kind === "failed") {
      took(piece);
      return;
    }
    const { position } = piece;
    if (piece.kind === "reset") {
      this.#paused?.delete(paused);
      this.#sit(seat, position);
      this.#tellCatchingUp(seat);
      this.#options.instruments.resets[piece.reason].inc();
      seat.reset(piece.reason, position);
      took({ kind: "reset" });
      return;
    }
    const { source, messages } = piece;
    const news = pause.took(messages, position.sequence);
    if (pause.lateMessages > MOST_LATE) {
      this.#resetPaused(paused, "overflow", position);
      took({ kind: "piece", source, frames: [], place: position.sequence, isSeated: false });
      return;
    }
    const isSeated = piece.kind === "joined" && pause.lateMessages === 0;
    if (isSeated) {
      this.#paused?.delete(paused);
      this.#sit(seat, position);
      this.#tellCatchingUp(seat);
    }
    const frames = this.#encode(news, position.epoch, seat);
    took({ kind: "piece", source, frames, place: pause.bound, isSeated });
  }

  #resetPaused(paused: PausedSeat, reason: ResetReason, position: Position): void {
    const took = paused.callOff();
    paused.pause.reset(position);
    this.#options.instruments.resets[reason].inc();
    paused.seat.reset(reason, position);
    took({ kind: "piece", source: "none", frames: [], place: position.sequence, isSeated: false });
  }

  /** What is held back belongs to those who sat before: whoever takes a seat has it replayed, or did not want it. */
  #sit(seat: Seat, position: Position | undefined): void {
    this.#epoch = position?.epoch;
    this.channel.join(seat);
  }

  /** First, as nothing that it gets now may be taken for more than it is. */
  #tellCatchingUp(seat: Seat): void {
    if (this.#catchingUp && seat.index !== -1) {
      seat.catchingUp(true);
    }
  }

  #encode(messages: readonly StoredMessage[], epoch: string | undefined, seat: Seat): readonly Frame[] {
    if (epoch === undefined) {
      return [];
    }
    this.lastSequence = Math.max(this.lastSequence, messages.at(-1)?.sequence ?? 0);
    const format = messageFormat(seat.format);
    const frames = messages.map((message) => this.#replays.frame(message, epoch, format));
    return isBatched(seat.format) ? batchFrames(frames, this.#options.batchBytes) : frames;
  }
}

/** Nothing of the channel lies between this and the first of the messages, so whoever resumes here gets exactly them. */
function beginOf([first]: readonly StoredMessage[], position: Position | undefined): Position | undefined {
  return first === undefined || position === undefined
    ? position
    : { epoch: position.epoch, sequence: first.sequence - 1 };
}

function pausedAt(seat: Seat, place: Position, late: readonly number[]): PausedSeat {
  const paused = new PausedSeat(seat, place);
  for (const sequence of late) {
    paused.pause.came(sequence);
  }
  return paused;
}
