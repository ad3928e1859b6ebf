import type { BrokerError } from "@tidegate/broker";
import type { Position, ResetReason } from "@tidegate/protocol";
import type { Traffic } from "../traffic.ts";
import { batchFrames } from "./batch-frames.ts";
import type { FlushBudget } from "./flush-budget.ts";
import { type Format, type Frame, isBatched } from "./format.ts";
import { cutForLines, LINE_LOST, LINE_SENT, type Line, type LinePiece, sendOver } from "./line.ts";
import { SeatRows } from "./seat-rows.ts";

/**
 * One subscriber's place in a channel. Calls come one after another, never from within `join`, and may lead to seats being
 * given up, this one included.
 */
export interface Seat {
  readonly format: Format;
  /** Owned by the audience; -1 without a seat. */
  index: number;
  /** Owned by the audience: the number of the next frame that it has to get, while there are no rows. */
  due: number;
  /** Where a flush may go at once, and nothing has to be asked before; {@link Audience.relay} tells of another. */
  readonly line: Line | undefined;
  /** A flush went to its line, which has not sent it whole. */
  strained(outcome: number): void;
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
const NO_PIECES: readonly LinePiece[] = [];
/** Fewer seats are looked up sooner than written down. */
const LEAST_FOR_ROWS = 8;

/** Counts what goes over lines. */
export type LineTraffic = Pick<Traffic, "messagesOut" | "bytesOut">;

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
  readonly #traffic: LineTraffic;
  #seats: Seat[] = [];
  /** Made when a walk begins, and given up when a seat goes in the midst of one. */
  #rows: SeatRows | undefined;
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
  /** The same for lines, a write each. */
  #walkedPieces: readonly LinePiece[] = NO_PIECES;
  #walkedSeats = 0;
  #nextSeat = 0;
  /** Number of the first frame of what is being handed over. */
  #handedFrom = 0;
  /** Less than the whole log, for those who came or were served in its midst; there may be many of them at the same place. */
  #part: { readonly from: number; readonly to: number; readonly frames: readonly Frame[] } | undefined;

  /** @param batchBytes how large a batch may be, where the format joins messages. */
  constructor(format: Format, batchBytes: number, traffic: LineTraffic) {
    this.format = format;
    this.#batchBytes = batchBytes;
    this.#traffic = traffic;
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
    const due = this.#heldFrom + this.#held.length;
    seat.due = due;
    this.#rows?.add(due, seat.line);
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
      this.#rows?.returnTo(this.#seats);
      this.#rows = undefined;
      this.#seats = [...this.#seats];
    }
    this.#rows?.remove(seat.index);
    const last = this.#seats.pop();
    if (last !== undefined && last !== seat) {
      this.#seats[seat.index] = last;
      last.index = seat.index;
    }
    seat.index = -1;
  }

  /** The line of a seat is another one now, or none. */
  relay(seat: Seat): void {
    if (this.#rows !== undefined && seat.index !== -1) {
      this.#rows.lines[seat.index] = seat.line;
    }
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
    if (this.#rows === undefined && this.#seats.length >= LEAST_FOR_ROWS) {
      this.#rows = new SeatRows(this.#seats);
    }
    if (this.#rows !== undefined) {
      this.#walkedPieces = cutForLines(this.#walkedFrames);
    }
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
    const [log, frames] = [this.#walkedLog, this.#walkedFrames];
    let sent = 0;
    for (let index = this.#nextSeat; index < this.#walkedSeats; index += 1) {
      if (budget.isSpent()) {
        this.#nextSeat = index;
        this.#count(frames, sent);
        return false;
      }
      const outcome = this.#sendWalked(index);
      if (outcome === LINE_SENT) {
        sent += 1;
        continue;
      }
      if (outcome === undefined) {
        const seat = seats[index];
        if (seat !== undefined && seat.index !== -1 && this.#dueOf(seat) < this.#heldFrom) {
          this.#handWalked(seat);
        }
      } else if (outcome !== LINE_LOST) {
        sent += 1;
      }
      if (this.#walkedLog !== log) {
        // What the seat did ended this walk, and perhaps began another.
        this.#count(frames, sent);
        return this.#walked === undefined;
      }
    }
    this.#count(frames, sent);
    this.#walked = undefined;
    this.#walkedLog = NO_FRAMES;
    this.#walkedFrames = NO_FRAMES;
    this.#walkedPieces = NO_PIECES;
    this.#part = undefined;
    return true;
  }

  /** Hands one seat what it has not got yet, ahead of the others. */
  serve(seat: Seat): void {
    if (this.#walked !== undefined && seat.index !== -1 && this.#dueOf(seat) < this.#heldFrom) {
      this.#handWalked(seat);
    }
    const to = this.#heldFrom + this.#held.length;
    if (seat.index !== -1 && this.#dueOf(seat) < to) {
      const from = this.#dueOf(seat);
      this.#serveUpTo(seat, to);
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

  /**
   * Sends the frames of a walk over a line, without a look at its seat. `undefined` if that remains to be looked at: there is no line, the
   * seat needs another part of the log, or some of the pieces, after which the line was strained. Rows are of the seats that are walked over,
   * at the same indices: where a seat went meanwhile there are none.
   */
  #sendWalked(index: number): number | undefined {
    const rows = this.#rows;
    const line = rows?.lines[index];
    if (rows === undefined || line === undefined || rows.dues[index] !== this.#walkedFrom) {
      return undefined;
    }
    // Before the calls, though none is known that would lead back here.
    rows.dues[index] = this.#heldFrom;
    const pieces = this.#walkedPieces;
    for (let at = 0; at < pieces.length; at += 1) {
      const piece = pieces[at];
      const outcome = piece === undefined ? LINE_SENT : sendOver(line, piece);
      if (outcome !== LINE_SENT) {
        return this.#strained(index, at, outcome);
      }
    }
    return LINE_SENT;
  }

  /**
   * A piece was not sent whole.
   *
   * @returns the outcome, or `undefined` if there are pieces behind it, which are the seat's to take or to leave.
   */
  #strained(index: number, at: number, outcome: number): number | undefined {
    const seat = this.#walked?.[index];
    if (at === this.#walkedPieces.length - 1) {
      seat?.strained(outcome);
      return outcome;
    }
    const gone = this.#walkedPieces.slice(0, at + 1).reduce((sum, piece) => sum + piece.length, 0);
    const lost = outcome === LINE_LOST ? (this.#walkedPieces[at]?.length ?? 0) : 0;
    this.#count(this.#walkedFrames.slice(0, gone - lost), 1);
    if (this.#rows !== undefined) {
      this.#rows.dues[index] = this.#numberBehind(this.#walkedFrames.slice(0, gone));
    }
    seat?.strained(outcome);
    return undefined;
  }

  /** The number that follows those of frames with which the walk began. */
  #numberBehind(frames: readonly Frame[]): number {
    let messages = frames.reduce((sum, frame) => sum + frame.messages, 0);
    let number = this.#walkedFrom;
    for (const frame of this.#walkedLog) {
      if (messages === 0) {
        break;
      }
      messages -= frame === undefined ? 0 : 1;
      number += 1;
    }
    return number;
  }

  #count(frames: readonly Frame[], sent: number): void {
    for (const { messages, bytes } of frames) {
      this.#traffic.messagesOut += sent * messages;
      this.#traffic.bytesOut += sent * bytes.byteLength;
    }
  }

  #dueOf(seat: Seat): number {
    return this.#rows?.dues[seat.index] ?? seat.due;
  }

  #serveUpTo(seat: Seat, due: number): void {
    if (this.#rows === undefined) {
      seat.due = due;
    } else {
      this.#rows.dues[seat.index] = due;
    }
  }

  #handWalked(seat: Seat): void {
    const from = this.#dueOf(seat);
    const to = this.#heldFrom;
    // Before the call: it may lead back here.
    this.#serveUpTo(seat, to);
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
