import type { ResetReason } from "@tidegate/protocol";
import type { RangeOutcome, RangeSpec } from "./range-fetch.ts";
import { RangeFetch } from "./range-fetch.ts";
import type { TailState } from "./tail-state.ts";

/** Messages of one channel that are known to be missing, and their fetch unless it has to wait for a connection. */
interface Hole {
  /** Up to where the channel was delivered when the hole came to light. */
  readonly known: number;
  /** The message before the hole, if it is known; else the same as `known`. */
  readonly from: number;
  readonly fromTime: number | undefined;
  target: number;
  fetch: RangeFetch | undefined;
}

/** The gaps of a tail, each being filled from the stream. */
export class Holes {
  readonly #tail: TailState;
  readonly #holes = new Map<string, Hole>();
  #paused = false;

  constructor(tail: TailState) {
    this.#tail = tail;
  }

  get size(): number {
    return this.#holes.size;
  }

  has(channel: string): boolean {
    return this.#holes.has(channel);
  }

  demand(channel: string, target: number): void {
    const { progress } = this.#tail;
    const known = progress.known(channel);
    if (target <= known) return;
    const hole = this.#holes.get(channel);
    if (hole !== undefined) {
      if (target > hole.target) hole.target = target;
      hole.fetch?.extend(target);
      return;
    }
    const newest = progress.newest(channel);
    const opened: Hole = {
      known,
      from: newest === 0 ? known : newest,
      fromTime: newest === 0 ? undefined : this.#tail.timeOf(newest),
      target,
      fetch: undefined,
    };
    this.#holes.set(channel, opened);
    if (!this.#paused) this.#fetch(channel, opened);
  }

  /** Closes the hole if what was missing has come by itself. */
  progressed(channel: string): void {
    const hole = this.#holes.get(channel);
    if (hole === undefined || this.#tail.progress.known(channel) < hole.target) return;
    hole.fetch?.cancel();
    this.#holes.delete(channel);
  }

  progressedAll(): void {
    for (const channel of [...this.#holes.keys()]) this.progressed(channel);
  }

  /** Reads are in vain until {@link resume}. */
  pause(): void {
    this.#paused = true;
    for (const hole of this.#holes.values()) {
      hole.fetch?.cancel();
      hole.fetch = undefined;
    }
  }

  resume(): void {
    this.pause();
    this.#paused = false;
    for (const [channel, hole] of this.#holes) this.#fetch(channel, hole);
  }

  clear(): void {
    for (const hole of this.#holes.values()) hole.fetch?.cancel();
    this.#holes.clear();
  }

  #fetch(channel: string, hole: Hole): void {
    const { from, fromTime, target } = hole;
    const spec: RangeSpec = {
      filter: channel,
      isPattern: false,
      epoch: this.#tail.epoch,
      from,
      fromTime,
      target,
      targetIsBound: false,
      proof: "from",
    };
    hole.fetch = new RangeFetch(this.#tail, spec, (outcome) => this.#onFetched(channel, hole, outcome));
    hole.fetch.start();
  }

  #onFetched(channel: string, hole: Hole, outcome: RangeOutcome): void {
    hole.fetch = undefined;
    switch (outcome.kind) {
      case "fetched":
        if (outcome.soundFrom > hole.known) {
          this.#giveUp(hole, "expired");
          return;
        }
        this.#holes.delete(channel);
        this.#tail.counts.repairs += 1;
        this.#tail.fill(outcome.messages);
        // More may have come to light while the last page was on its way.
        this.demand(channel, hole.target);
        return;
      case "gone":
        this.#giveUp(hole, "expired");
        return;
      case "too_far":
        this.#giveUp(hole, "too_far");
        return;
      case "moved":
        this.#tail.restart("epoch", outcome.state.epoch, outcome.state.lastSequence);
        return;
      case "rewritten":
        this.#tail.regressed();
        return;
      case "failed":
        this.#giveUp(hole, "unavailable");
    }
  }

  #giveUp({ target }: Hole, reason: ResetReason): void {
    const { epoch, progress } = this.#tail;
    this.#tail.restart(reason, epoch, Math.max(target, progress.highest));
  }
}
