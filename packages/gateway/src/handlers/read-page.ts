import type { HistoryPage, StoredMessage } from "@tidegate/broker";
import {
  type Cursor,
  channelProblem,
  decodeCursor,
  type ErrorCode,
  encodePosition,
  namespaceOf,
  type Position,
  type ResetReason,
} from "@tidegate/protocol";
import { EncodedMessage } from "../fan-out/encoded-message.ts";
import type { NodeContext } from "../node-context.ts";
import type { Caller } from "./session.ts";
import { lossCode } from "./subscribe.ts";

/** Which page of a channel's history somebody asks for, not yet looked at. */
export interface PageQuery {
  readonly channel: string;
  /** Cursors; one of them at most. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined;
}

export type PageResult =
  /** The fields of a `page` message from `channel` on, as JSON without the braces. */
  | { readonly ok: true; readonly fields: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Where to read. A cursor that is no place in the stream counts as none, and `reset` says why. */
interface Start {
  readonly before?: number;
  readonly after?: number;
  readonly reset: ResetReason | undefined;
}

type PageFound = HistoryPage & { readonly kind: "page" };
type Direction = "before" | "after";

const DEFAULT_LIMIT = 100;
/** Only a page says for certain of which epoch the stream is and where it ends, so what was assumed may have to be corrected. */
const MOST_READS = 3;

/** Reads a page for a client, whatever brought its question. Counts the outcome. */
export async function readPage(
  caller: Pick<Caller, "context" | "principal">,
  query: PageQuery,
): Promise<PageResult> {
  const { historyReads } = caller.context.instruments;
  const refusal = refuse(caller, query);
  if (refusal !== undefined) {
    historyReads.refused.inc();
    return refusal;
  }
  const result = await read(caller.context, query);
  historyReads[result.ok ? "page" : "failed"].inc();
  return result;
}

function refuse(
  { context, principal }: Pick<Caller, "context" | "principal">,
  { channel, before, after }: PageQuery,
): PageResult | undefined {
  const { policies } = context;
  const problem = channelProblem(channel);
  if (problem !== undefined) {
    return { ok: false, code: "channel_invalid", message: `the channel ${problem}` };
  }
  if (!policies.allows(principal, "history", channel)) {
    return { ok: false, code: "forbidden", message: `no grant allows history on ${channel}` };
  }
  if (!policies.isReplayable(channel)) {
    return { ok: false, code: "not_replayable", message: "this namespace keeps no history" };
  }
  if (before !== undefined && after !== undefined) {
    return { ok: false, code: "invalid_field", message: 'give "before" or "after", not both' };
  }
  const cursor = before ?? after;
  if (cursor !== undefined && decodeCursor(cursor) === undefined) {
    return { ok: false, code: "cursor_invalid", message: "that is no cursor" };
  }
  return undefined;
}

async function read(context: NodeContext, query: PageQuery): Promise<PageResult> {
  const { channel, before, after, limit = DEFAULT_LIMIT } = query;
  const { broker, limits } = context;
  const maxBytes = limits.pageBytes;
  const cursor = decodeCursor(before ?? after ?? "");
  const direction = after === undefined ? "before" : "after";
  let epoch = cursor === undefined ? undefined : await knownEpoch(context, channel);
  let start = startOf(cursor, direction, epoch);
  for (let reads = 1; ; reads += 1) {
    const page = await broker.history(channel, { before: start.before, after: start.after, limit, maxBytes });
    if (page.kind === "failed") {
      return {
        ok: false,
        code: lossCode(page.error),
        message: "the history of this channel cannot be read now",
      };
    }
    const corrected = correct(cursor, direction, epoch, start, page);
    if (corrected === undefined || reads === MOST_READS) {
      return { ok: true, fields: pageFields(channel, page, direction, start.reset, maxBytes) };
    }
    epoch = page.newer.epoch;
    start = corrected;
  }
}

/** `undefined` if it cannot be found out now; then the page says it, or that it cannot be read. */
function knownEpoch({ broker }: NodeContext, channel: string): Promise<string | undefined> {
  return broker.epochOf(namespaceOf(channel)).catch(() => undefined);
}

function startOf(cursor: Cursor | undefined, direction: Direction, epoch: string | undefined): Start {
  if (cursor === undefined) {
    return { reset: undefined };
  }
  const sequence = epoch === undefined ? undefined : cursor.get(epoch);
  return sequence === undefined ? beginning(direction, "epoch") : { [direction]: sequence, reset: undefined };
}

function beginning(direction: Direction, reset: ResetReason): Start {
  return direction === "before" ? { reset } : { after: 0, reset };
}

/** Where to read instead, given what the page says; `undefined` if the page is right. */
function correct(
  cursor: Cursor | undefined,
  direction: Direction,
  epoch: string | undefined,
  start: Start,
  { newer }: PageFound,
): Start | undefined {
  if (cursor === undefined) {
    return undefined;
  }
  if (newer.epoch !== epoch) {
    return startOf(cursor, direction, newer.epoch);
  }
  // The end of a page that began inside the stream is not before its beginning.
  const end = start.before === undefined ? start.after : start.before - 1;
  return start.reset === undefined && end !== undefined && newer.sequence < end
    ? beginning(direction, "future")
    : undefined;
}

/** A page that is cut to `maxBytes` goes on in the direction that it was read in; one message it always holds. */
function pageFields(
  channel: string,
  page: PageFound,
  direction: Direction,
  reset: ResetReason | undefined,
  maxBytes: number,
): string {
  const { epoch } = page.newer;
  const { messages, objects } = fitting(page.messages, epoch, direction, maxBytes);
  const cut = messages.length < page.messages.length;
  const [first] = messages;
  const last = messages.at(-1);
  const newer: Position =
    cut && direction === "after" && last !== undefined ? { epoch, sequence: last.sequence } : page.newer;
  const reason = reset ?? page.reset;
  return [
    `"channel":"${channel}"`,
    `"messages":[${objects.join(",")}]`,
    `"more":${cut || page.more}`,
    ...(first === undefined ? [] : [`"older":"${encodePosition({ epoch, sequence: first.sequence })}"`]),
    `"newer":"${encodePosition(newer)}"`,
    ...(reason === undefined ? [] : [`"reset":"${reason}"`]),
  ].join(",");
}

/** Of the messages, oldest first, those nearest to where reading began that fit, and how they stand in the page. */
function fitting(
  messages: readonly StoredMessage[],
  epoch: string,
  direction: Direction,
  maxBytes: number,
): { readonly messages: readonly StoredMessage[]; readonly objects: readonly string[] } {
  const nearest = direction === "after" ? messages : messages.toReversed();
  const objects: string[] = [];
  let bytes = 0;
  for (const message of nearest) {
    const { bytes: encoded } = new EncodedMessage(message, message.time, {
      epoch,
      sequence: message.sequence,
    }).frame("object");
    bytes += encoded.byteLength;
    if (bytes > maxBytes && objects.length > 0) {
      break;
    }
    objects.push(Buffer.from(encoded).toString());
  }
  const kept = nearest.slice(0, objects.length);
  return direction === "after"
    ? { messages: kept, objects }
    : { messages: kept.toReversed(), objects: objects.toReversed() };
}
