import type { StoreWriter } from "../queue/store-writer.ts";
import type { WebhookLink } from "../queue/webhook-link.ts";
import type { AttemptRecord } from "./attempt-record.ts";
import { readPage } from "./read-page.ts";

export interface AttemptQuery {
  readonly endpoint: string;
  /** Only those of one message. */
  readonly message?: string | undefined;
  /** Only those that did not succeed. */
  readonly failed: boolean;
  /** From when on, in milliseconds since the epoch. */
  readonly since: number;
  /** Sequence of the last one that was read; those behind it follow. */
  readonly after: number;
  readonly limit: number;
}

export interface AttemptPage {
  readonly attempts: readonly AttemptRecord[];
  /** What to give as `after` for what follows; undefined at the end. */
  readonly next: number | undefined;
}

/** Every attempt, oldest first, for as long as the stream keeps it. */
export class AttemptLog {
  readonly #link: WebhookLink;
  readonly #writer: StoreWriter;

  constructor(link: WebhookLink, writer: StoreWriter) {
    this.#link = link;
    this.#writer = writer;
  }

  async append(record: AttemptRecord): Promise<void> {
    const { endpoint, message, at, attempt, run, outcome } = record;
    const how = outcome === "delivered" ? outcome : "failed";
    const subject = this.#link.names.attempt(endpoint, message, how);
    await this.#writer.write(subject, JSON.stringify(record), {
      msgID: `${message}:${endpoint}:${run}:${attempt}:${at}`,
    });
  }

  /** The newest of one message for one endpoint. */
  async last(endpoint: string, message: string): Promise<AttemptRecord | undefined> {
    const { jsm, names } = this.#link;
    const found = await Promise.all(
      (["delivered", "failed"] as const).map((how) =>
        jsm.direct.getMessage(names.attemptStream, { last_by_subj: names.attempt(endpoint, message, how) }),
      ),
    );
    const [delivered, failed] = found;
    const newest = (delivered?.seq ?? 0) > (failed?.seq ?? 0) ? delivered : failed;
    return newest?.json<AttemptRecord>();
  }

  async query(query: AttemptQuery): Promise<AttemptPage> {
    const { names } = this.#link;
    const { endpoint, message, failed, since, after, limit } = query;
    const subject = names.attempts(endpoint, message, failed);
    const range = { subject, since, after, limit };
    const page = await readPage(this.#link, names.attemptStream, range, (found) =>
      found.json<AttemptRecord>(),
    );
    return { attempts: page.items, next: page.next };
  }
}
