import type { Cursor, ResetReason } from "@tidegate/protocol";
import type { BrokerError } from "../broker-error.ts";
import type { StoredMessage } from "../store/stored-message.ts";
import type { StreamState } from "../store/stream-reader.ts";
import type { Joined } from "./follow.ts";
import type { Joiner, Laggard, Latecomer, Resumer } from "./joiner.ts";
import { isOff } from "./joiner.ts";
import { PatientReads } from "./patient-reads.ts";
import { PieceReads, pieceOf } from "./piece-reads.ts";
import { Recovery } from "./recovery.ts";
import type { Ring } from "./ring.ts";
import type { TailState } from "./tail-state.ts";

/** Before a cursor is said to be beyond the end: a leader that was cut off may be behind. */
const SECOND_LOOK_MS = 100;

/**
 * Answers those who join a tail: from the ring where it reaches back far enough, else from the stream, where one recovery serves
 * all who wait for one.
 */
export class Joins {
  readonly #tail: TailState;
  readonly #ring: Ring;
  readonly #demandFloor: (sequence: number) => void;
  /** Their cursors are ahead of the floor: messages on their way to us, most likely. */
  #ahead: Resumer[] = [];
  readonly #recovery: Recovery;
  readonly #pieces: PieceReads;
  #looking: PatientReads | undefined;

  /** @param demandFloor asks for the floor to be raised to a sequence that the stream has reached. */
  constructor(tail: TailState, ring: Ring, demandFloor: (sequence: number) => void) {
    this.#tail = tail;
    this.#ring = ring;
    this.#demandFloor = demandFloor;
    this.#recovery = new Recovery(tail, ring, {
      messages: (joiner, messages) => this.#serve(joiner, "stream", messages),
      reset: (joiner, reason) => this.#refuse(joiner, reason),
      failed: (joiner, error) => this.#fail(joiner, error),
      again: (joiner) => this.join(joiner),
    });
    this.#pieces = new PieceReads(tail, ring, (laggard) => this.catchUp(laggard));
  }

  /** Whether {@link floorRaised} and {@link delivered} need to be called. */
  get waiting(): boolean {
    return this.#ahead.length > 0 || this.#recovery.active;
  }

  join(joiner: Joiner): void {
    if (isOff(joiner)) return;
    switch (joiner.from.kind) {
      case "now":
        this.#answer(joiner, {
          kind: "joined",
          source: "none",
          messages: [],
          position: this.#position,
        });
        return;
      case "last":
        this.#joinLast({ ...joiner, count: joiner.from.count });
        return;
      case "since":
        this.#joinSince(joiner, joiner.from.cursor);
    }
  }

  /** The place is one that we brought it to: there is nothing to prove but that what lies behind can still be had. */
  catchUp(laggard: Laggard): void {
    if (isOff(laggard)) return;
    const { place, most, read } = laggard;
    if (place.epoch !== this.#tail.epoch) {
      this.#refuseLaggard(laggard, "epoch");
    } else if (place.sequence > this.#tail.progress.highest) {
      this.#refuseLaggard(laggard, "future");
    } else if (place.sequence < this.#ring.from) {
      this.#pieces.add(laggard);
    } else {
      const found = this.#ring.after(place.sequence, most.messages + 1);
      const messages = pieceOf(found, most);
      const last = messages.at(-1);
      if (last === undefined || messages.length === found.length) {
        read({ kind: "joined", source: "ring", messages, position: this.#position });
      } else {
        const position = { epoch: place.epoch, sequence: last.sequence };
        read({ kind: "more", source: "ring", messages, position });
      }
    }
  }

  /** A message goes to all who have joined. */
  delivered(message: StoredMessage): void {
    this.#recovery.delivered(message);
  }

  floorRaised(): void {
    if (this.#ahead.length === 0) return;
    const { floor } = this.#tail.progress;
    const due = this.#ahead.filter(({ cursor }) => cursor <= floor);
    if (due.length === 0) return;
    this.#ahead = this.#ahead.filter(({ cursor }) => cursor > floor);
    for (const resumer of due) this.join(resumer);
  }

  /** The tail was reset, so continuity is lost for those who wait, too. */
  onReset(reason: ResetReason): void {
    for (const joiner of this.#takeAll()) this.#refuse(joiner, reason);
    for (const laggard of this.#pieces.takeAll()) this.#refuseLaggard(laggard, reason);
  }

  /** Those who wait for the floor wait in vain. */
  failAhead(error: BrokerError): void {
    this.#looking?.end();
    this.#looking = undefined;
    for (const resumer of this.#ahead.splice(0)) this.#fail(resumer, error);
  }

  end(error: BrokerError): void {
    for (const joiner of this.#takeAll()) this.#fail(joiner, error);
    for (const laggard of this.#pieces.takeAll()) {
      if (!isOff(laggard)) laggard.read({ kind: "failed", error });
    }
  }

  #takeAll(): Joiner[] {
    this.#looking?.end();
    this.#looking = undefined;
    return [...this.#ahead.splice(0), ...this.#recovery.takeAll()];
  }

  get #position() {
    return { epoch: this.#tail.epoch, sequence: this.#tail.progress.floor };
  }

  #joinLast(latecomer: Latecomer): void {
    const { count } = latecomer;
    const enough = this.#ring.size >= count || this.#ring.from === 0 || this.#ring.isWhole;
    if (count <= 0 || enough) {
      this.#serve(latecomer, "ring", count <= 0 ? [] : this.#ring.after(0).slice(-count));
    } else {
      this.#recovery.addLatecomer(latecomer);
    }
  }

  #joinSince(joiner: Joiner, cursor: Cursor): void {
    const sequence = cursor.get(this.#tail.epoch);
    if (sequence === undefined) {
      this.#refuse(joiner, "epoch");
      return;
    }
    const resumer: Resumer = { ...joiner, cursor: sequence };
    if (sequence > this.#tail.progress.floor) {
      this.#ahead.push(resumer);
      this.#lookForEnd();
    } else if (sequence < this.#ring.from) {
      this.#recovery.addResumer(resumer);
    } else {
      this.#serve(resumer, "ring", this.#ring.after(sequence));
    }
  }

  /** Is what they have seen already in the stream? */
  #lookForEnd(): void {
    if (this.#looking !== undefined) return;
    const asked = new Set(this.#ahead);
    const reads = this.#look();
    reads.ask<StreamState>(
      ({ state }, answer) => state(answer),
      (state) => this.#onEnd(reads, asked, state, () => this.#lookAgain(reads, asked)),
    );
  }

  #lookAgain(reads: PatientReads, asked: ReadonlySet<Resumer>): void {
    reads.wait(SECOND_LOOK_MS, () => {
      reads.ask<StreamState>(
        ({ state }, answer) => state(answer),
        (state) => {
          this.#onEnd(reads, asked, state, () => {
            this.#looking = undefined;
            const beyond = new Set(
              this.#ahead.filter((resumer) => asked.has(resumer) && resumer.cursor > state.lastSequence),
            );
            this.#ahead = this.#ahead.filter((resumer) => !beyond.has(resumer));
            for (const resumer of beyond) this.#refuse(resumer, "future");
            if (this.#ahead.some((resumer) => !asked.has(resumer))) this.#lookForEnd();
          });
        },
      );
    });
  }

  #onEnd(
    reads: PatientReads,
    asked: ReadonlySet<Resumer>,
    { epoch, lastSequence }: StreamState,
    onBeyond: () => void,
  ): void {
    if (epoch !== this.#tail.epoch) {
      this.#tail.restart("epoch", epoch, lastSequence);
      return;
    }
    const waiting = this.#ahead.filter((resumer) => asked.has(resumer));
    const within = waiting.filter(({ cursor }) => cursor <= lastSequence);
    if (within.length > 0) this.#demandFloor(Math.max(...within.map(({ cursor }) => cursor)));
    if (this.#looking !== reads) return;
    if (within.length < waiting.length) {
      onBeyond();
      return;
    }
    this.#looking = undefined;
    if (this.#ahead.some((resumer) => !asked.has(resumer))) this.#lookForEnd();
  }

  #look(): PatientReads {
    const reads = new PatientReads(this.#tail.reads, (error) => this.failAhead(error));
    this.#looking = reads;
    return reads;
  }

  #serve(joiner: Joiner, source: "ring" | "stream", messages: readonly StoredMessage[]): void {
    const { replayMessages } = this.#tail.limits;
    if (messages.length > replayMessages) {
      this.#refuse(joiner, "too_far");
      return;
    }
    if (isOff(joiner)) return;
    if (source === "ring") this.#tail.counts.joinsFromRing += 1;
    else this.#tail.counts.joinsFromStream += 1;
    this.#answer(joiner, { kind: "joined", source, messages, position: this.#position });
  }

  #refuse(joiner: Joiner, reason: ResetReason): void {
    if (isOff(joiner)) return;
    this.#answer(joiner, { kind: "reset", reason, position: this.#position });
  }

  #refuseLaggard(laggard: Laggard, reason: ResetReason): void {
    if (isOff(laggard)) return;
    laggard.read({ kind: "reset", reason, position: this.#position });
  }

  #fail(joiner: Joiner, error: BrokerError): void {
    this.#answer(joiner, { kind: "failed", error });
  }

  #answer(joiner: Joiner, joined: Joined): void {
    if (!isOff(joiner)) joiner.joined(joined);
  }
}
