import type { Position } from "@tidegate/protocol";
import { BrokerError } from "../broker-error.ts";
import type { HistoryPage, PageRequest } from "./history-page.ts";
import { findStart } from "./history-start.ts";
import type { Range } from "./range-read.ts";
import { RangeRead } from "./range-read.ts";
import type { StoredMessage } from "./stored-message.ts";
import type { StreamReader, StreamState } from "./stream-reader.ts";

type Page = Extract<HistoryPage, { kind: "page" }>;
type Pause = (ms: number) => Promise<void>;

const DEFAULT_PAGE_BYTES = 512 * 1024;

/** The end of the stream may have moved on since; a page then begins or ends a little earlier. */
const STATE_AGE_MS = 1_000;

/** Times that a page is begun again because the channel, or the replica that answers, has changed meanwhile. */
const MOST_FAILURES = 5;

/**
 * Reads one page of a channel.
 *
 * JetStream reads forward only, and any replica may answer, be it behind or not. So the newest message is first asked of the
 * leader, and a page is not complete before it, or what `before` asks for, has been reached.
 *
 * @throws BrokerError as {@link StreamReader}.
 */
export async function readHistory(
  reader: StreamReader,
  channel: string,
  request: PageRequest,
  pause: Pause,
): Promise<Page> {
  return request.after === undefined
    ? await readBackward(reader, channel, request, pause)
    : await readForward(reader, channel, request, request.after, pause);
}

async function readForward(
  reader: StreamReader,
  channel: string,
  { limit, maxBytes = DEFAULT_PAGE_BYTES }: PageRequest,
  after: number,
  pause: Pause,
): Promise<Page> {
  let state = await reader.state(STATE_AGE_MS);
  if (after > state.lastSequence) state = await reader.state(0);
  if (after > state.lastSequence) return emptyPage(state, "future");
  // After the state: what was stored up to its end is not newer than this.
  const target = await reader.head(channel);
  const read = await new RangeRead(reader, { channel, after, target, limit, maxBytes }, pause).read();
  const afterwards = read.anchored ? state : await reader.state(0);
  if (afterwards.epoch !== state.epoch) return emptyPage(afterwards, "epoch");
  // Behind a message that is still there nothing has been discarded. Otherwise neither the age and size of the stream nor
  // the limit of the channel may have reached so far.
  const whole =
    read.anchored ||
    (after + 1 >= afterwards.firstSequence &&
      read.counted !== undefined &&
      read.counted < afterwards.messagesPerChannel);
  const last = read.messages.at(-1)?.sequence ?? after;
  return {
    kind: "page",
    messages: read.messages,
    more: read.more,
    newer: { epoch: state.epoch, sequence: read.more ? last : Math.max(last, state.lastSequence) },
    reset: whole ? undefined : "expired",
  };
}

async function readBackward(
  reader: StreamReader,
  channel: string,
  { before = Number.POSITIVE_INFINITY, limit, maxBytes = DEFAULT_PAGE_BYTES }: PageRequest,
  pause: Pause,
): Promise<Page> {
  const state = await reader.state(STATE_AGE_MS);
  const head = await reader.head(channel);
  const end = Math.min(before, Math.max(head, state.lastSequence) + 1);
  const newer: Position = { epoch: state.epoch, sequence: Math.max(0, end - 1) };
  if (head === 0 || end <= state.firstSequence) {
    return { kind: "page", messages: [], more: false, newer, reset: undefined };
  }
  let wanted = limit;
  for (let failures = 0; failures < MOST_FAILURES; ) {
    const { start, oldest } = await findStart(reader, channel, {
      lowest: state.firstSequence,
      end: Math.min(end, head + 1),
      wanted,
    });
    const range: Range = {
      channel,
      after: start - 1,
      // If newer ones than asked for are there, seeing one of them proves that the replica has all that come before.
      target: Math.min(end, head),
      limit: Number.POSITIVE_INFINITY,
      maxBytes: wanted === 1 ? Number.POSITIVE_INFINITY : maxBytes * 2,
    };
    const read = await new RangeRead(reader, range, pause).read();
    if (read.end === "behind")
      throw new BrokerError("unavailable", "the replicas of the stream lie too far behind");
    if (read.end === "hole") {
      // Discarded while they were being read: what is left comes later.
      failures += 1;
      continue;
    }
    if (read.end === "limit") {
      // Messages too big to read them for nothing: fewer will do.
      const fitting = Math.floor((read.messages.length * maxBytes) / (read.bytes + 1));
      wanted = Math.max(1, Math.min(wanted - 1, fitting));
      continue;
    }
    const messages = newest(
      read.messages.filter(({ sequence }) => sequence < end),
      limit,
      maxBytes,
    );
    if (messages.length === 0 && oldest < end) {
      // Replicas that contradict each other have led to a start behind all of them.
      failures += 1;
      wanted *= 4;
      continue;
    }
    const first = messages[0]?.sequence ?? end;
    const more = (read.messages[0]?.sequence ?? end) < first || oldest < first;
    return { kind: "page", messages, more, newer, reset: undefined };
  }
  throw new BrokerError("unavailable", "the channel changes faster than it can be read");
}

/** As many of the last messages as the limits allow; one in any case. */
function newest(
  messages: readonly StoredMessage[],
  limit: number,
  maxBytes: number,
): readonly StoredMessage[] {
  let start = messages.length;
  for (let bytes = 0; start > 0 && messages.length - start < limit; start--) {
    bytes += messages[start - 1]?.payload.length ?? 0;
    if (bytes > maxBytes && start < messages.length) break;
  }
  return messages.slice(start);
}

function emptyPage(state: StreamState, reset: "future" | "epoch"): Page {
  const newer = { epoch: state.epoch, sequence: state.lastSequence };
  return { kind: "page", messages: [], more: false, newer, reset };
}
