import type { ChannelTruth } from "./channel-truth.ts";
import type { ReceiptLog } from "./receipt-log.ts";

/** What one client got of one channel, against what the stream holds of it. */
export interface Finding {
  readonly expected: number;
  /** Different messages that it was to get and got. */
  readonly received: number;
  /** Not received, and no reset said so. */
  readonly lost: number;
  /** Not received, and a reset said so. */
  readonly excused: number;
  /** Received again; also what belongs to an earlier round. */
  readonly twice: number;
  /** Received behind a later message, and not before. */
  readonly outOfOrder: number;
  /** Received and not in the stream. */
  readonly phantom: number;
  /** Sequences of what was lost: the first few. */
  readonly lostSequences: readonly number[];
}

const SHOWN_SEQUENCES = 5;

/** A channel's truth, made ready for many clients. */
export interface PreparedTruth {
  readonly truth: ChannelTruth;
  /** Place in the stream by number. */
  readonly ranks: ReadonlyMap<number, number>;
  /** Numbers below belong to earlier rounds. */
  readonly firstNumber: number;
}

/** @param firstNumber the first number that was given in this round. */
export function prepareTruth(truth: ChannelTruth, firstNumber: number): PreparedTruth {
  return { truth, firstNumber, ranks: new Map(truth.numbers.map((number, rank) => [number, rank])) };
}

/** Whether everything has come, so that waiting on is for nothing. Cheap: repeated until it is so. */
export function isComplete({ truth, ranks }: PreparedTruth, { numbers }: ReceiptLog): boolean {
  if (numbers.length < truth.numbers.length) {
    return false;
  }
  const seen = new Set<number>();
  for (const number of numbers) {
    if (ranks.has(number)) {
      seen.add(number);
    }
  }
  return seen.size === truth.numbers.length;
}

/** Compares what came with what is in the stream. */
export function audit({ truth, ranks, firstNumber }: PreparedTruth, log: ReceiptLog): Finding {
  const seen = new Uint8Array(truth.numbers.length);
  const excuses = excusedRanges(truth, ranks, log);
  let received = 0;
  let twice = 0;
  let outOfOrder = 0;
  let phantom = 0;
  let highest = -1;
  for (const number of log.numbers) {
    const rank = ranks.get(number);
    if (rank === undefined) {
      const isOld = number < firstNumber;
      twice += isOld ? 1 : 0;
      phantom += isOld ? 0 : 1;
    } else if (seen[rank] === 1) {
      twice += 1;
    } else {
      seen[rank] = 1;
      received += 1;
      if (rank < highest) {
        outOfOrder += 1;
      } else {
        highest = rank;
      }
    }
  }
  const lost: number[] = [];
  let excused = 0;
  for (const [rank, sequence] of truth.sequences.entries()) {
    if (seen[rank] === 0) {
      const isExcused = excuses.some(({ above, upTo }) => above < sequence && sequence <= upTo);
      if (isExcused) {
        excused += 1;
      } else {
        lost.push(sequence);
      }
    }
  }
  return {
    expected: truth.numbers.length,
    received,
    lost: lost.length,
    excused,
    twice,
    outOfOrder,
    phantom,
    lostSequences: lost.slice(0, SHOWN_SEQUENCES),
  };
}

interface Range {
  readonly above: number;
  readonly upTo: number;
}

/**
 * Sequences that may be missing: of each reset from behind what the client had before it, as far as it says, but never beyond what came
 * right after it.
 */
function excusedRanges(
  { sequences }: ChannelTruth,
  ranks: ReadonlyMap<number, number>,
  { numbers, resets }: ReceiptLog,
): readonly Range[] {
  const sequenceOf = (number: number | undefined): number | undefined =>
    number === undefined ? undefined : sequences[ranks.get(number) ?? -1];
  return resets.map(({ after, upTo }) => {
    let above = 0;
    for (const number of numbers.subarray(0, after)) {
      above = Math.max(above, sequenceOf(number) ?? 0);
    }
    const next = sequenceOf(numbers[after]) ?? Number.POSITIVE_INFINITY;
    return { above, upTo: Math.min(upTo ?? Number.POSITIVE_INFINITY, next) };
  });
}
