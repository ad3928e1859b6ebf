import type { BrokerError, JoinFrom } from "@tidegate/broker";
import type { Position, ResetReason } from "@tidegate/protocol";
import type { Instruments } from "../instruments.ts";
import type { DeliveryPolicy } from "../namespace-policies.ts";
import type { Seat } from "./audience.ts";
import { batchFrames } from "./batch-frames.ts";
import { ChannelFanOut } from "./channel-fan-out.ts";
import type { ChannelSource, SourceJoined } from "./channel-source.ts";
import { type Frame, isBatched, messageFormat } from "./format.ts";
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
  readonly instruments: Pick<Instruments, "resumes" | "resets">;
}

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
  readonly #pending = new Set<PendingJoin>();
  /** Sequence of the newest message that the seats got, or will at the next flush; 0 of a live channel. */
  lastSequence = 0;
  #source: ChannelSource | undefined;
  #epoch: string | undefined;
  #catchingUp = false;

  constructor(name: string, policy: DeliveryPolicy, replays: ReplayFrames, options: ReplayOptions) {
    this.channel = new ChannelFanOut(name, options.batchBytes, policy.conflate);
    this.policy = policy;
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
    this.#pending.delete(pending);
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
    for (const pending of this.#pending) {
      this.#settle(pending, { kind: "failed", error });
    }
  }

  close(): void {
    this.#source?.close();
  }

  /** Runs at the very moment at which what is replayed ends where the source goes on. */
  #settle(pending: PendingJoin, found: SourceJoined): void {
    if (!this.#pending.delete(pending)) {
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
    // What is held back belongs to those who sat before: the newcomer has it replayed, or did not want it.
    this.#epoch = joined.position?.epoch;
    this.channel.join(seat);
    if (joined.kind === "reset") {
      instruments.resets[joined.reason].inc();
      seated(joined);
    } else {
      const frames = this.#encode(joined, seat);
      this.lastSequence = Math.max(this.lastSequence, frames.at(-1)?.sequence ?? 0);
      const { source, position } = joined;
      const begin = beginOf(frames, position);
      const sent = isBatched(seat.format) ? batchFrames(frames, this.#options.batchBytes) : frames;
      seated({ kind: "joined", source, frames: sent, begin, position });
    }
    if (this.#catchingUp && seat.index !== -1) {
      seat.catchingUp(true);
    }
  }

  #encode({ messages, position }: SourceJoined & { kind: "joined" }, seat: Seat): readonly Frame[] {
    const format = messageFormat(seat.format);
    return position === undefined
      ? []
      : messages.map((message) => this.#replays.frame(message, position.epoch, format));
  }
}

/** Nothing of the channel lies between this and the first of the frames, so whoever resumes here gets exactly them. */
function beginOf([first]: readonly Frame[], position: Position | undefined): Position | undefined {
  return first === undefined || position === undefined
    ? position
    : { epoch: position.epoch, sequence: first.sequence - 1 };
}
