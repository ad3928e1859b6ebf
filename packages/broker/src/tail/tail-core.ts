import type { Position, ResetReason } from "@tidegate/protocol";
import { isPattern } from "@tidegate/protocol";
import { BrokerError } from "../broker-error.ts";
import type { StoredMessage } from "../store/stored-message.ts";
import { isInternalChannel } from "../store/stream-name.ts";
import type { StreamState } from "../store/stream-reader.ts";
import { HeldBack } from "./held-back.ts";
import { Holes } from "./holes.ts";
import type { Joiner, Laggard } from "./joiner.ts";
import { isOff } from "./joiner.ts";
import { Joins } from "./joins.ts";
import { PatientReads } from "./patient-reads.ts";
import type { Progress } from "./progress.ts";
import { ChannelProgress, PatternProgress } from "./progress.ts";
import type { Ring } from "./ring.ts";
import type { TailLimits } from "./tail-limits.ts";
import type { TailReads } from "./tail-reads.ts";
import type { TailRules } from "./tail-rules.ts";
import { TAIL_RULES } from "./tail-rules.ts";
import type { TailState } from "./tail-state.ts";
import type { TailCounts } from "./tail-stats.ts";
import { Verification } from "./verification.ts";

/** What a tail does, besides reading. */
interface TailEffects {
  /** It knows its position and delivers from now on. */
  started(): void;
  /** It could not begin; nothing else follows. */
  failed(error: BrokerError): void;
  deliver(message: StoredMessage): void;
  reset(reason: ResetReason, position: Position): void;
  catchingUp(active: boolean): void;
}

export interface TailCoreParts {
  /** Channel or pattern. */
  readonly filter: string;
  readonly reads: TailReads;
  readonly effects: TailEffects;
  readonly ring: Ring;
  readonly limits: TailLimits;
  /** Shared with other tails. */
  readonly counts: TailCounts;
  readonly rules?: TailRules | undefined;
}

/**
 * - `starting`: what arrives is held back until the position is known.
 * - `following`: every message is delivered in order, or its predecessors are being fetched.
 */
type Phase = "created" | "starting" | "following" | "ended";

/**
 * The sequence-checked view of one channel or pattern: what arrives from NATS goes in, what subscribers get comes out, each message of
 * a channel once and in the order of the stream, or a reset. Knows no clock and does no I/O: events come as calls, reads are asked
 * for through {@link TailReads}, and everything else goes to {@link TailEffects}.
 */
export class TailCore {
  readonly filter: string;
  readonly #parts: TailCoreParts;
  readonly #rules: TailRules;
  readonly #isPattern: boolean;
  readonly #progress: Progress;
  readonly #ring: Ring;
  readonly #held: HeldBack;
  readonly #holes: Holes;
  readonly #verification: Verification;
  readonly #joins: Joins;
  #phase: Phase = "created";
  #epoch = "";
  #catchingUp = false;
  /** Calls of listeners that are under way: who joins from within one is answered after it. */
  #delivering = 0;
  #early: (Joiner | Laggard)[] = [];
  #beginning: PatientReads | undefined;
  #suspected = false;

  constructor(parts: TailCoreParts) {
    const { filter, limits, ring, rules = TAIL_RULES } = parts;
    this.#parts = parts;
    this.filter = filter;
    this.#rules = rules;
    this.#isPattern = isPattern(filter);
    this.#progress = this.#isPattern ? new PatternProgress() : new ChannelProgress();
    this.#ring = ring;
    this.#held = new HeldBack(limits);
    const state = this.#state(parts, rules);
    this.#holes = new Holes(state);
    this.#verification = new Verification(state, (error) => this.#joins.failAhead(error));
    this.#joins = new Joins(state, ring, (sequence) => this.#verification.demand(sequence));
  }

  /** Everything up to here has been delivered; undefined before the start. */
  get position(): Position | undefined {
    return this.#phase === "following" ? { epoch: this.#epoch, sequence: this.#progress.floor } : undefined;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** The highest sequence that was delivered or proven. */
  get highest(): number {
    return this.#progress.highest;
  }

  get catchingUp(): boolean {
    return this.#catchingUp;
  }

  /** The subscription is in force. What the stream's leader says from now on, it says behind our interest. */
  start(): void {
    this.#phase = "starting";
    this.#beginning = new PatientReads(this.#parts.reads, (error) => {
      this.end(error);
      this.#parts.effects.failed(error);
    });
    this.#beginning.ask<StreamState>(
      ({ state }, answer) => state(answer),
      (state) => this.#begin(state),
    );
  }

  /**
   * A message arrived.
   *
   * @param last sequence of the message of its channel that came before it, as the stream says; 0 if none was stored.
   */
  live(message: StoredMessage, last: number): void {
    if (this.#phase !== "following") {
      if (this.#phase !== "ended") this.#holdForStart(message, last);
      return;
    }
    const { channel, sequence } = message;
    if (this.#isPattern && isInternalChannel(channel)) {
      this.#passOver(sequence);
      if (this.#isBusy) this.#settle();
      return;
    }
    const known = this.#progress.known(channel);
    if (sequence <= known) {
      this.#onDuplicate(message);
    } else if (last > 0 && last < this.#progress.newest(channel)) {
      // The oldest go first, so a stream that keeps `last` keeps what came behind it, too, unless it lost its end.
      this.regressed();
    } else if (this.#isUncertain(last) || (this.#held.size > 0 && this.#isBehindHeld(message))) {
      this.#hold(message, last);
    } else {
      const before = this.#verification.predecessor(message, last);
      if (this.#rules.isGap(before, known)) {
        this.#onGap(message, last, before);
      } else {
        this.#accept(message);
        if (this.#isBusy) this.#advanced(channel);
      }
    }
  }

  /** The connection is gone: messages are being lost until {@link suspect}. */
  interrupted(): void {
    // The stream may be another one when it is back. If not, what was held back is found missing.
    this.#held.clear();
    if (this.#phase !== "following") return;
    this.#holes.pause();
    this.#verification.pause();
    this.#joins.failAhead(new BrokerError("unavailable", "there is no connection to NATS"));
    this.#tellCatchingUp();
  }

  /** Messages may have been lost up to now: after a reconnect, a tick that did not come, another leader. */
  suspect(): void {
    if (this.#phase !== "following") {
      this.#suspected = true;
      return;
    }
    this.#holes.resume();
    this.#verification.suspect();
    this.#tellCatchingUp();
  }

  /** Looks whether a message was lost without a trace. */
  check(): void {
    if (this.#phase === "following") this.#verification.check();
  }

  /** The stream gave out a sequence twice: it has lost messages, and ours are not its own any more. */
  regressed(): void {
    if (this.#phase !== "following") return;
    // Where it ends now is asked afterwards; until then nobody may be told that all is well.
    this.#restart("future", this.#epoch, this.#progress.highest);
  }

  join(joiner: Joiner): void {
    if (this.#phase === "following" && this.#delivering === 0) this.#joins.join(joiner);
    else this.#early.push(joiner);
  }

  catchUp(laggard: Laggard): void {
    if (this.#phase === "following" && this.#delivering === 0) this.#joins.catchUp(laggard);
    else this.#early.push(laggard);
  }

  /** Nobody follows any more. */
  end(error: BrokerError): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#beginning?.end();
    this.#holes.clear();
    this.#verification.end();
    this.#held.clear();
    this.#joins.end(error);
    for (const early of this.#early.splice(0)) {
      if (isOff(early)) continue;
      if ("read" in early) early.read({ kind: "failed", error });
      else early.joined({ kind: "failed", error });
    }
    this.#ring.reset(0);
  }

  #state({ reads, limits, counts }: TailCoreParts, rules: TailRules): TailState {
    const core = this;
    return {
      filter: this.filter,
      isPattern: this.#isPattern,
      get epoch() {
        return core.#epoch;
      },
      progress: this.#progress,
      get hasHoles() {
        return core.#holes.size > 0;
      },
      reads,
      limits,
      counts,
      rules,
      isMine: (channel) => !this.#isPattern || !isInternalChannel(channel),
      demand: (channel, target) => {
        this.#holes.demand(channel, target);
        this.#tellCatchingUp();
      },
      expect: (heads) => this.#verification.expect(heads),
      fill: (messages) => this.#fill(messages),
      raise: (floor) => {
        this.#progress.raise(floor);
        this.#advancedAll();
      },
      timeOf: (sequence) => this.#ring.timeOf(sequence),
      restart: (reason, epoch, floor) => this.#restart(reason, epoch, floor),
      regressed: () => this.regressed(),
    };
  }

  #begin({ epoch, lastSequence }: StreamState): void {
    this.#epoch = epoch;
    this.#progress.reset(lastSequence);
    this.#ring.reset(lastSequence);
    this.#phase = "following";
    this.#parts.effects.started();
    this.#drainAll();
    if (this.#suspected) this.suspect();
    this.#serveEarly();
  }

  /** A message that is for nobody. */
  #passOver(sequence: number): void {
    if (this.#progress instanceof PatternProgress) this.#progress.seen(sequence);
  }

  #holdForStart(message: StoredMessage, last: number): void {
    this.#held.add(message, last);
    if (!this.#held.overflows) return;
    this.#held.dropOldest();
    this.#suspected = true;
  }

  #isBehindHeld({ channel, sequence }: StoredMessage): boolean {
    const first = this.#held.first(channel);
    return first !== undefined && sequence >= first.message.sequence;
  }

  /**
   * A message without a predecessor tells nothing of what may have been before it. While there is doubt, something may have been:
   * lost on its way, and discarded since.
   */
  #isUncertain(last: number): boolean {
    return last === 0 && this.#verification.doubtful;
  }

  #hold(message: StoredMessage, last: number): void {
    this.#held.add(message, last);
    if (!this.#held.overflows) return;
    this.#restart("overflow", this.#epoch, Math.max(this.#held.highest, this.#progress.highest));
  }

  #onGap(message: StoredMessage, last: number, before: number): void {
    this.#parts.counts.gaps += 1;
    if (this.#rules.holdsBack) this.#hold(message, last);
    else this.#accept(message);
    this.#holes.demand(message.channel, before);
    this.#tellCatchingUp();
  }

  /** What came twice has to be what came before; else the sequence has been given out twice. */
  #onDuplicate(message: StoredMessage): void {
    this.#parts.counts.duplicates += 1;
    if (!this.#ring.mayHold(message)) this.regressed();
  }

  #accept(message: StoredMessage): void {
    this.#progress.advance(message.channel, message.sequence);
    this.#ring.push(message);
    this.#delivering += 1;
    this.#parts.effects.deliver(message);
    this.#delivering -= 1;
    this.#joins.delivered(message);
  }

  /** Whether anybody needs to hear that something was delivered. */
  get #isBusy(): boolean {
    return (
      this.#holes.size > 0 ||
      this.#joins.waiting ||
      this.#verification.waitsForMessages ||
      this.#held.size > 0 ||
      this.#early.length > 0
    );
  }

  #advanced(channel: string): void {
    this.#drain(channel);
    this.#holes.progressed(channel);
    this.#settle();
  }

  #advancedAll(): void {
    this.#drainAll();
    this.#holes.progressedAll();
    this.#settle();
  }

  #settle(): void {
    this.#verification.progressed();
    this.#joins.floorRaised();
    this.#tellCatchingUp();
    this.#serveEarly();
  }

  #fill(messages: readonly StoredMessage[]): void {
    for (const message of messages) {
      if (this.#phase !== "following") return;
      const { channel, sequence } = message;
      if (this.#isPattern && isInternalChannel(channel)) continue;
      if (sequence > this.#progress.known(channel)) this.#accept(message);
    }
    this.#advancedAll();
  }

  #drainAll(): void {
    for (const channel of this.#held.channels) this.#drain(channel);
  }

  /** Delivers what was held back as far as nothing is missing before it. */
  #drain(channel: string): void {
    for (let held = this.#held.first(channel); held !== undefined; held = this.#held.first(channel)) {
      const { message, last } = held;
      const known = this.#progress.known(channel);
      if (message.sequence > known) {
        if (this.#isPattern && isInternalChannel(channel)) {
          this.#passOver(message.sequence);
          this.#held.takeFirst(channel);
          continue;
        }
        if (this.#isUncertain(last)) return;
        const before = this.#verification.predecessor(message, last);
        if (this.#rules.isGap(before, known)) {
          if (!this.#holes.has(channel)) this.#parts.counts.gaps += 1;
          this.#holes.demand(channel, before);
          return;
        }
      }
      this.#held.takeFirst(channel);
      if (message.sequence > known) this.#accept(message);
    }
  }

  #restart(reason: ResetReason, epoch: string, floor: number): void {
    const isSame = epoch === this.#epoch && reason !== "future";
    this.#epoch = epoch;
    this.#holes.clear();
    // Of another life of the stream nothing that was held back is known to belong to this one; it will be missed and fetched.
    if (!isSame) this.#held.clear();
    const target = isSame ? Math.max(floor, this.#verification.bound) : floor;
    this.#progress.reset(target);
    this.#ring.reset(target);
    this.#verification.onReset(target, isSame);
    this.#parts.counts.tailResets[reason] += 1;
    const position = { epoch, sequence: target };
    this.#delivering += 1;
    this.#parts.effects.reset(reason, position);
    this.#delivering -= 1;
    this.#joins.onReset(reason);
    this.#advancedAll();
    // What came of the new life before it was known as such has been taken for the old one's.
    if (isSame) this.#verification.resume();
    else this.suspect();
  }

  #tellCatchingUp(): void {
    const active = this.#holes.size > 0 || this.#verification.doubtful;
    if (active === this.#catchingUp) return;
    this.#catchingUp = active;
    this.#delivering += 1;
    this.#parts.effects.catchingUp(active);
    this.#delivering -= 1;
    this.#serveEarly();
  }

  #serveEarly(): void {
    if (this.#delivering > 0 || this.#early.length === 0) return;
    for (const early of this.#early.splice(0)) {
      if ("read" in early) this.#joins.catchUp(early);
      else this.#joins.join(early);
    }
  }
}
