import type { KV, KvWatchEntry } from "@nats-io/kv";
import { covers } from "@tidegate/protocol";
import type { Endpoint, Sealing, StoredEndpoint } from "./endpoint.ts";
import type { EndpointSeal } from "./endpoint-seal.ts";
import { readEntry } from "./endpoint-store.ts";
import { passesFilter } from "./payload-filter.ts";

/** What is held against the endpoints. */
export interface MatchedMessage {
  readonly channel: string;
  readonly event: string | undefined;
  readonly payload: Uint8Array;
}

interface Listed {
  readonly stored: StoredEndpoint;
  readonly patterns: readonly (readonly string[])[];
}

export type DirectoryListener = (id: string, endpoint: Endpoint | undefined) => void;

const NOT_JSON = Symbol("not JSON");

/** All endpoints, kept up to date by a watch on their bucket, and which of them want a message. */
export class EndpointDirectory {
  readonly #endpoints = new Map<string, Listed>();
  readonly #listeners = new Set<DirectoryListener>();
  readonly #seal: EndpointSeal;

  constructor(seal: EndpointSeal) {
    this.#seal = seal;
  }

  /**
   * Reads the bucket and then follows it.
   *
   * @param signal ends the watch.
   * @returns when everything that was stored before has been read.
   */
  async start(bucket: KV, signal: AbortSignal): Promise<void> {
    const watch = await bucket.watch({ ignoreDeletes: false });
    const stop = () => watch.stop();
    signal.addEventListener("abort", stop, { once: true });
    const empty = (await bucket.status()).values === 0;
    const ready = new Promise<void>((resolve) => {
      if (empty) resolve();
      void this.#follow(watch, resolve);
    });
    await ready;
  }

  get size(): number {
    return this.#endpoints.size;
  }

  /** How many have their secrets stored in such a way. */
  countOf(sealing: Sealing): number {
    let count = 0;
    for (const { stored } of this.#endpoints.values()) if (stored.sealing === sealing) count += 1;
    return count;
  }

  get all(): readonly StoredEndpoint[] {
    return [...this.#endpoints.values()].map(({ stored }) => stored);
  }

  get(id: string): Endpoint | undefined {
    return this.#endpoints.get(id)?.stored.endpoint;
  }

  /** Calls `listener` for every endpoint that is there, and then for each that is new, changed or gone. */
  onChange(listener: DirectoryListener): () => void {
    this.#listeners.add(listener);
    for (const [id, { stored }] of this.#endpoints) listener(id, stored.endpoint);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in a change that was just made, so that who made it finds it at once. */
  observe(id: string, stored: StoredEndpoint | undefined): void {
    const known = this.#endpoints.get(id);
    if (stored === undefined) {
      if (known === undefined) return;
      this.#endpoints.delete(id);
    } else {
      if (known !== undefined && known.stored.revision >= stored.revision) return;
      const patterns = stored.endpoint.channels.map((pattern) => pattern.split("."));
      this.#endpoints.set(id, { stored, patterns });
    }
    for (const listener of this.#listeners) listener(id, stored?.endpoint);
  }

  /** The endpoints that want a message: neither disabled nor filtered out. Paused ones are among them. */
  matching(message: MatchedMessage): readonly Endpoint[] {
    const channel = message.channel.split(".");
    let parsed: unknown;
    let isParsed = false;
    const payload = (): unknown => {
      if (!isParsed) parsed = parseJson(message.payload);
      isParsed = true;
      return parsed;
    };
    const found: Endpoint[] = [];
    for (const { stored, patterns } of this.#endpoints.values()) {
      const { endpoint } = stored;
      if (endpoint.disabled !== undefined) continue;
      if (!patterns.some((pattern) => covers(pattern, channel))) continue;
      if (wants(endpoint, message.event, payload)) found.push(endpoint);
    }
    return found;
  }

  async #follow(watch: AsyncIterable<KvWatchEntry>, ready: () => void): Promise<void> {
    for await (const entry of watch) {
      this.observe(entry.key, readEntry(entry, this.#seal));
      if (entry.delta === 0) ready();
    }
  }
}

/** Whether one endpoint wants a message of a channel that it listens to. */
export function wants(endpoint: Endpoint, event: string | undefined, payload: () => unknown): boolean {
  const { events, filter } = endpoint;
  if (events.length > 0 && (event === undefined || !events.includes(event))) return false;
  if (filter === undefined) return true;
  const value = payload();
  return value !== NOT_JSON && passesFilter(filter, value);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

export function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch {
    return NOT_JSON;
  }
}
