import type { StreamReader } from "./stream-reader.ts";

export interface StartSearch {
  /** Nothing older is stored. */
  readonly lowest: number;
  /** Only what is older than this is looked for. */
  readonly end: number;
  /** How many messages. */
  readonly wanted: number;
}

export interface HistoryStart {
  /** From here to the end lie the wanted messages, and at most as many again. */
  readonly start: number;
  /** Sequence of the oldest message of the channel; Infinity if none was found. */
  readonly oldest: number;
}

/** Enough to halve every sequence there can be down to one. */
const MOST_PROBES = 53;
/** Above what is wanted, as the messages of a channel come in bursts. */
const FIRST_GUESS = 1.5;

/**
 * Finds where to begin to read forward so as to end with a number of messages before a sequence. There is no reading
 * backwards, but whoever answers for one message also says how many there are behind it, so a search by sequence finds the place.
 *
 * Answers of several replicas may contradict each other; then the place is a bad one, and a page shorter or slower. Whether
 * anything is missing does not depend on it.
 */
export async function findStart(
  reader: StreamReader,
  channel: string,
  { lowest, end, wanted }: StartSearch,
): Promise<HistoryStart> {
  const all = await probe(reader, channel, lowest);
  if (all === undefined) return { start: lowest, oldest: Number.POSITIVE_INFINITY };
  const newer = (await probe(reader, channel, end))?.count ?? 0;
  const oldest = all.sequence;
  // Between them lies the place: at `low` there is enough, at `high` there is not.
  let low = oldest;
  let enough = all.count - newer;
  let high = end;
  for (let probes = 0; enough > wanted * 2 && high - low > 1 && probes < MOST_PROBES; probes++) {
    const share = probes === 0 ? Math.min(1, (wanted * FIRST_GUESS) / enough) : 0.5;
    const middle = Math.min(high - 1, Math.max(low + 1, Math.floor(high - (high - low) * share)));
    const found = await probe(reader, channel, middle);
    const count = (found?.count ?? 0) - newer;
    if (found === undefined || count < wanted) {
      high = middle;
    } else {
      low = found.sequence;
      enough = count;
    }
  }
  return { start: low, oldest };
}

interface Probe {
  readonly sequence: number;
  /** How many there are from this one on. */
  readonly count: number;
}

async function probe(reader: StreamReader, channel: string, from: number): Promise<Probe | undefined> {
  const { messages, pending } = await reader.batch(channel, from, 1, 1);
  const sequence = messages[0]?.sequence;
  return sequence === undefined ? undefined : { sequence, count: pending + 1 };
}
