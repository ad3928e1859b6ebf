import type { KV } from "@nats-io/kv";
import type { DeliveryResult } from "../delivery/delivery-result.ts";

/** How an endpoint has been doing. Times in milliseconds since the epoch. */
export interface HealthRecord {
  /** Since when nothing has succeeded; left out while it is well. */
  readonly failingSince?: number | undefined;
  readonly lastSuccessAt?: number | undefined;
  readonly lastFailureAt?: number | undefined;
  readonly lastStatus?: number | undefined;
  readonly lastError?: string | undefined;
}

interface Known {
  record: HealthRecord;
  written: HealthRecord;
}

/** Between two writes of what only moves a time forward. */
const WRITE_EVERY_MS = 10_000;
const LOOK_EVERY_MS = 1_000;

/**
 * The health of each endpoint, in memory and in a bucket. A change between well and failing is written within a second, everything else
 * now and then: a write for each delivery would cost as much as the delivery.
 */
export class EndpointHealth {
  readonly #bucket: KV;
  readonly #onTrouble: (error: unknown) => void;
  readonly #known = new Map<string, Known>();
  readonly #timer: NodeJS.Timeout;

  constructor(bucket: KV, onTrouble: (error: unknown) => void) {
    this.#bucket = bucket;
    this.#onTrouble = onTrouble;
    this.#timer = setInterval(() => void this.flush(false), LOOK_EVERY_MS).unref();
  }

  /** @returns since when nothing has succeeded, this attempt included. */
  async note(endpoint: string, result: DeliveryResult): Promise<number | undefined> {
    const known = await this.#of(endpoint);
    const at = Math.round(result.at + result.durationMs);
    known.record =
      result.outcome === "delivered"
        ? { ...known.record, failingSince: undefined, lastSuccessAt: at, lastStatus: result.status }
        : {
            ...known.record,
            failingSince: known.record.failingSince ?? at,
            lastFailureAt: at,
            lastStatus: result.status,
            lastError: result.error ?? `answered ${result.status}`,
          };
    return known.record.failingSince;
  }

  async read(endpoint: string): Promise<HealthRecord> {
    return (await this.#of(endpoint)).record;
  }

  /** As other processes have written it too: the newest success counts. */
  async readStored(endpoint: string): Promise<HealthRecord> {
    return await this.#fetch(endpoint);
  }

  /** It begins anew: the owner has enabled it again. */
  async reset(endpoint: string): Promise<void> {
    this.#known.delete(endpoint);
    await this.#bucket.put(endpoint, JSON.stringify({}));
  }

  async forget(endpoint: string): Promise<void> {
    this.#known.delete(endpoint);
    await this.#bucket.purge(endpoint);
  }

  /** Writes what has changed. Never rejects. */
  async flush(all: boolean): Promise<void> {
    for (const [endpoint, known] of this.#known) {
      const { record, written } = known;
      if (!all && !isDue(record, written)) continue;
      if (record === written) continue;
      known.written = record;
      try {
        await this.#bucket.put(endpoint, JSON.stringify(record));
      } catch (error) {
        known.written = written;
        this.#onTrouble(error);
        return;
      }
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #of(endpoint: string): Promise<Known> {
    const known = this.#known.get(endpoint);
    if (known !== undefined) return known;
    const record = await this.#fetch(endpoint);
    // Somebody else may have been faster.
    const entry = this.#known.get(endpoint) ?? { record, written: record };
    this.#known.set(endpoint, entry);
    return entry;
  }

  async #fetch(endpoint: string): Promise<HealthRecord> {
    try {
      const entry = await this.#bucket.get(endpoint);
      return entry === null || entry.operation !== "PUT" ? {} : entry.json<HealthRecord>();
    } catch (error) {
      this.#onTrouble(error);
      return {};
    }
  }
}

function isDue(record: HealthRecord, written: HealthRecord): boolean {
  if (record === written) return false;
  if ((record.failingSince === undefined) !== (written.failingSince === undefined)) return true;
  const newest = (health: HealthRecord) => Math.max(health.lastSuccessAt ?? 0, health.lastFailureAt ?? 0);
  return newest(record) - newest(written) >= WRITE_EVERY_MS;
}
