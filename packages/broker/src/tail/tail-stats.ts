import type { ResetReason } from "@tidegate/protocol";
import { RESET_REASONS } from "@tidegate/protocol";
import type { Tail } from "./tail.ts";

/** Counters since start and current sizes, of all tails of a node. */
export interface TailStatsReading {
  readonly tails: number;
  readonly lingeringTails: number;
  /** Memory of the recent messages that are kept for those who come back. */
  readonly ringBytes: number;
  /** Holes that a message revealed. */
  readonly gaps: number;
  /** Holes that were filled. */
  readonly repairs: number;
  readonly duplicates: number;
  /** Times a tail lost its continuity, by reason; joins with a cursor that could not be served are not among them. */
  readonly tailResets: Readonly<Record<ResetReason, number>>;
  /** Joins answered from memory, and by reading the stream. */
  readonly joinsFromRing: number;
  readonly joinsFromStream: number;
  /** Reads of streams for tails, stream infos apart. */
  readonly streamReads: number;
  readonly missedTicks: number;
}

interface Sums {
  gaps: number;
  repairs: number;
  duplicates: number;
  joinsFromRing: number;
  joinsFromStream: number;
  readonly tailResets: Record<ResetReason, number>;
}

export interface TailSizes {
  readonly tails: readonly Tail[];
  readonly lingering: number;
  readonly ringBytes: number;
  readonly reads: number;
  readonly missedTicks: number;
}

/** Adds up the counters of the tails there are and of those there were. */
export class TailStats {
  readonly #past: Sums = noSums();
  #pastMissedTicks = 0;

  ended(tail: Tail): void {
    addTo(this.#past, tail);
  }

  vacated(missedTicks: number): void {
    this.#pastMissedTicks += missedTicks;
  }

  read(now: TailSizes): TailStatsReading {
    const sums = noSums();
    mergeInto(sums, this.#past);
    for (const tail of now.tails) addTo(sums, tail);
    return {
      ...sums,
      tails: now.tails.length,
      lingeringTails: now.lingering,
      ringBytes: now.ringBytes,
      streamReads: now.reads,
      missedTicks: this.#pastMissedTicks + now.missedTicks,
    };
  }
}

function noSums(): Sums {
  const tailResets = Object.fromEntries(Object.keys(RESET_REASONS).map((reason) => [reason, 0]));
  return {
    gaps: 0,
    repairs: 0,
    duplicates: 0,
    joinsFromRing: 0,
    joinsFromStream: 0,
    tailResets: tailResets as Record<ResetReason, number>,
  };
}

function addTo(sums: Sums, { core }: Tail): void {
  const { counts } = core;
  sums.gaps += counts.gaps;
  sums.repairs += counts.repairs;
  sums.duplicates += counts.duplicates;
  sums.joinsFromRing += counts.joins.fromRing;
  sums.joinsFromStream += counts.joins.fromStream;
  for (const [reason, count] of counts.resets) sums.tailResets[reason] += count;
}

function mergeInto(sums: Sums, past: Sums): void {
  sums.gaps += past.gaps;
  sums.repairs += past.repairs;
  sums.duplicates += past.duplicates;
  sums.joinsFromRing += past.joinsFromRing;
  sums.joinsFromStream += past.joinsFromStream;
  for (const reason of Object.keys(past.tailResets) as ResetReason[]) {
    sums.tailResets[reason] += past.tailResets[reason];
  }
}
