import type { StoredMsg } from "@nats-io/jetstream";
import type { WebhookLink } from "../queue/webhook-link.ts";
import { readBatch } from "./read-batch.ts";

export interface PageOptions {
  readonly subject: string;
  /** From when on, in milliseconds since the epoch; 0 for all. */
  readonly since: number;
  readonly after: number;
  readonly limit: number;
}

export interface StreamPage<Item> {
  readonly items: readonly Item[];
  /** Sequence of the last one, if there are more. */
  readonly next: number | undefined;
}

/** What a page may hold at most, as long as it has one message: payloads of dead letters are as large as messages can be. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** Reads messages of a subject in order, with one request: whatever is passed over is passed over by the server. */
export async function readPage<Item>(
  link: WebhookLink,
  stream: string,
  { subject, since, after, limit }: PageOptions,
  view: (message: StoredMsg) => Item,
): Promise<StreamPage<Item>> {
  const start = after === 0 && since > 0 ? { start_time: new Date(since).toISOString() } : { seq: after + 1 };
  const options = { ...start, next_by_subj: subject };
  const found = await readBatch(link.jsm, stream, { ...options, batch: limit, max_bytes: PAGE_BYTES });
  const last = found.at(-1);
  const next = last === undefined || last.pending === 0 ? undefined : last.seq;
  return { items: found.map(view), next };
}
