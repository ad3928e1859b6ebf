import { randomBytes } from "node:crypto";
import { JetStreamApiError } from "@nats-io/jetstream";
import type { KV, KvEntry } from "@nats-io/kv";
import { WebhooksError } from "../webhooks-error.ts";
import type { Endpoint, StoredEndpoint } from "./endpoint.ts";
import type { EndpointSeal } from "./endpoint-seal.ts";

/** `Nats-Expected-Last-Subject-Sequence` did not hold: somebody else wrote. */
const WRONG_LAST_SEQUENCE = [10_071, 10_164];

const ID = /^ep_[a-z2-7]{20}$/;

/** Whether `text` can be the id of an endpoint; what cannot is never asked for. */
export function isEndpointId(text: string): boolean {
  return ID.test(text);
}

/** An id that nobody can guess and that fits into a subject. */
export function newEndpointId(): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  return `ep_${[...randomBytes(20)].map((byte) => alphabet[byte & 31]).join("")}`;
}

/** Endpoints in their KV bucket. Every change is conditional on the revision that it was made from. */
export class EndpointStore {
  readonly #bucket: KV;
  readonly #seal: EndpointSeal;

  constructor(bucket: KV, seal: EndpointSeal) {
    this.#bucket = bucket;
    this.#seal = seal;
  }

  /** @throws WebhooksError `unavailable`. */
  async get(id: string): Promise<StoredEndpoint | undefined> {
    const entry = await this.#guard(() => this.#bucket.get(id));
    return entry === null ? undefined : readEntry(entry, this.#seal);
  }

  /** @throws WebhooksError `unavailable`, or `conflict` if the id is taken. */
  async create(endpoint: Endpoint): Promise<StoredEndpoint> {
    const { text, sealing } = this.#seal.encode(endpoint);
    const revision = await this.#guard(() => this.#bucket.create(endpoint.id, text));
    return { endpoint, revision, sealing };
  }

  /** @throws WebhooksError `unavailable`, or `conflict` if there is a newer revision. */
  async update(endpoint: Endpoint, revision: number): Promise<StoredEndpoint> {
    const { text, sealing } = this.#seal.encode(endpoint);
    const next = await this.#guard(() => this.#bucket.update(endpoint.id, text, revision));
    return { endpoint, revision: next, sealing };
  }

  /** @throws WebhooksError `unavailable`, or `conflict` if there is a newer revision. */
  async delete(id: string, revision: number): Promise<void> {
    await this.#guard(() => this.#bucket.delete(id, { previousSeq: revision }));
  }

  /**
   * Changes an endpoint whatever its revision is, trying again as often as somebody else comes between.
   *
   * @returns undefined if there is none, or `change` returned undefined.
   * @throws WebhooksError `unavailable`.
   */
  async change(
    id: string,
    change: (endpoint: Endpoint) => Endpoint | undefined,
  ): Promise<StoredEndpoint | undefined> {
    for (;;) {
      const stored = await this.get(id);
      const changed = stored === undefined ? undefined : change(stored.endpoint);
      if (stored === undefined || changed === undefined) return undefined;
      try {
        return await this.update(changed, stored.revision);
      } catch (error) {
        if (!(error instanceof WebhooksError) || error.code !== "conflict") throw error;
      }
    }
  }

  /**
   * Stores an endpoint anew if its secrets are in the clear or under an older key.
   *
   * @returns undefined if there was nothing to do.
   * @throws WebhooksError `unavailable`.
   */
  async reseal(id: string): Promise<StoredEndpoint | undefined> {
    const stored = await this.get(id);
    if (stored === undefined || !this.#seal.isOutdated(stored.sealing)) return undefined;
    try {
      return await this.update(stored.endpoint, stored.revision);
    } catch (error) {
      if (error instanceof WebhooksError && error.code === "conflict") return await this.reseal(id);
      throw error;
    }
  }

  async #guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (cause) {
      if (cause instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.includes(cause.code)) {
        throw new WebhooksError("conflict", "the endpoint was changed meanwhile; read it again", { cause });
      }
      throw new WebhooksError("unavailable", "the store of endpoints does not answer", { cause });
    }
  }
}

/** undefined for a deleted endpoint. */
export function readEntry(entry: KvEntry, seal: EndpointSeal): StoredEndpoint | undefined {
  if (entry.operation !== "PUT") return undefined;
  // Only this package writes into the bucket, and what it writes has been validated.
  return { ...seal.decode(entry.key, entry.json()), revision: entry.revision };
}
