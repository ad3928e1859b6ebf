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
    const { endpoint, message, at, attempt, run } = record;
    const subject = this.#link.names.attempt(endpoint, message);
    await this.#writer.write(subject, JSON.stringify(record), {
      msgID: `${message}:${endpoint}:${run}:${attempt}:${at}`,
    });
  }

  /** The newest of one message for one endpoint. */
  async last(endpoint: string, message: string): Promise<AttemptRecord | undefined> {
    const { jsm, names } = this.#link;
    const found = await jsm.direct.getMessage(names.attemptStream, {
      last_by_subj: names.attempt(endpoint, message),
    });
    return found === null ? undefined : found.json<AttemptRecord>();
  }

  async query(query: AttemptQuery): Promise<AttemptPage> {
    const { names } = this.#link;
    const { endpoint, message, failed, since, after, limit } = query;
    const subject =
      message === undefined ? names.ofEndpoint("attempt", endpoint) : names.attempt(endpoint, message);
    const page = await readPage(
      this.#link,
      names.attemptStream,
      { subject, since, after, limit },
      (found) => {
        const record = found.json<AttemptRecord>();
        return failed && record.outcome === "delivered" ? undefined : record;
      },
    );
    return { attempts: page.items, next: page.next };
  }
}
