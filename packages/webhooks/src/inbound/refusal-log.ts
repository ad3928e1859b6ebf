import type { Logger } from "@tidegate/runtime";

/** How long further refusals of one kind are only counted. */
const QUIET_MS = 60_000;
/** Source and reason are few; this only guards against a mistake. */
const MOST_KINDS = 1_000;

interface Kind {
  loggedMs: number;
  unlogged: number;
}

/**
 * Tells the owner why requests are refused, at most once a minute for each source and reason: anybody can send requests, and
 * must not fill the disk with it.
 */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #kinds = new Map<string, Kind>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  refused(source: string, scheme: string, reason: string, nowMs: number): void {
    const key = `${source} ${reason}`;
    const kind = this.#kinds.get(key);
    if (kind !== undefined && nowMs - kind.loggedMs < QUIET_MS) {
      kind.unlogged += 1;
      return;
    }
    const since = kind?.unlogged ?? 0;
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    this.#kinds.set(key, { loggedMs: nowMs, unlogged: 0 });
    this.#logger.warn({ source, scheme, reason, sinceLastLine: since }, "a webhook was not accepted");
  }
}
