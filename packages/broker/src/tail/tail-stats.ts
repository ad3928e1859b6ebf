import { RESET_REASONS, type ResetReason } from "@tidegate/protocol";

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

/**
 * What the tails of a node count, all into the same: there may be one for each connection, too many to be asked one by one
 * whenever somebody wants to know. The names are those of {@link TailStatsReading}.
 */
export class TailCounts {
  gaps = 0;
  repairs = 0;
  duplicates = 0;
  joinsFromRing = 0;
  joinsFromStream = 0;
  readonly tailResets: Record<ResetReason, number>;

  constructor() {
    const none = Object.fromEntries(Object.keys(RESET_REASONS).map((reason) => [reason, 0]));
    this.tailResets = none as Record<ResetReason, number>;
  }
}
