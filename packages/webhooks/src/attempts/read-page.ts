import type { StoredMsg } from "@nats-io/jetstream";
import type { WebhookLink } from "../queue/webhook-link.ts";

export interface PageOptions {
  readonly subject: string;
  /** From when on, in milliseconds since the epoch; 0 for all. */
  readonly since: number;
  readonly after: number;
  readonly limit: number;
}

export interface StreamPage<Item> {
  readonly items: readonly Item[];
  /** Sequence of the last one that was looked at, if there may be more. */
  readonly next: number | undefined;
}

/** What one page may look at, however few of it are wanted. */
const MAX_LOOKED_AT = 1_000;

/**
 * Reads messages of a subject in order, one by one: a page is small, and a consumer for it would cost the server more.
 *
 * @param take undefined passes over a message.
 */
export async function readPage<Item>(
  link: WebhookLink,
  stream: string,
  { subject, since, after, limit }: PageOptions,
  take: (message: StoredMsg) => Item | undefined,
): Promise<StreamPage<Item>> {
  const items: Item[] = [];
  let last = after;
  for (let looked = 0; looked < MAX_LOOKED_AT; looked += 1) {
    const found = await link.jsm.direct.getMessage(
      stream,
      last === 0 && since > 0
        ? { start_time: new Date(since).toISOString(), next_by_subj: subject }
        : { seq: last + 1, next_by_subj: subject },
    );
    if (found === null) return { items, next: undefined };
    last = found.seq;
    const item = take(found);
    if (item !== undefined) items.push(item);
    if (items.length >= limit) break;
  }
  return { items, next: last };
}
