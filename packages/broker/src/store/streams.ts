import type { BrokerOptions } from "../broker-options.ts";
import type { Faults } from "../faults.ts";
import type { HeaderReader } from "../header-reader.ts";
import type { Link } from "../link.ts";
import type { Outbound } from "../outbound.ts";
import type { Requests } from "../requests.ts";
import { DirectGets } from "./direct-gets.ts";
import { JetStreamApi } from "./jetstream-api.ts";
import { JetStreamReader } from "./jetstream-reader.ts";
import type { StreamStatus } from "./namespace-stream.ts";
import { NamespaceStream } from "./namespace-stream.ts";
import type { StreamReader } from "./stream-reader.ts";
import { streamSpec } from "./stream-spec.ts";

export interface StreamsParts {
  readonly link: Link;
  readonly outbound: Outbound;
  readonly requests: Requests;
  readonly reader: HeaderReader;
  readonly faults: Faults;
  readonly options: Pick<BrokerOptions, "subjectPrefix" | "inboxPrefix" | "histories" | "storeTimeoutMs">;
}

/** Told when the status of a namespace's stream has changed. */
export type StreamStatusListener = (namespace: string, status: StreamStatus) => void;

export interface NamespaceStore {
  readonly stream: NamespaceStream;
  readonly reader: StreamReader;
}

/** Somebody may change or delete a stream while nobody reads from it. */
const CHECK_INTERVAL_MS = 15_000;
/** Share of the interval that is random, so that nodes do not ask in step. */
const CHECK_JITTER = 0.3;

/** The streams of all namespaces with history: what is known of them, and how they are read. */
export class Streams {
  readonly #parts: StreamsParts;
  readonly #stores: ReadonlyMap<string, NamespaceStore>;
  readonly #directGets: DirectGets;
  readonly #listeners = new Set<StreamStatusListener>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: StreamsParts) {
    this.#parts = parts;
    const { link, outbound, requests, reader, faults, options } = parts;
    const { subjectPrefix, inboxPrefix, histories, storeTimeoutMs } = options;
    const channelPrefix = `${subjectPrefix}.`;
    const api = new JetStreamApi(requests, storeTimeoutMs);
    const directGets = new DirectGets({
      link,
      outbound,
      reader,
      faults,
      inboxPrefix,
      channelPrefix,
      timeoutMs: storeTimeoutMs,
    });
    this.#directGets = directGets;
    this.#stores = new Map(
      [...histories].map(([namespace, policy]) => {
        const spec = streamSpec(subjectPrefix, namespace, policy);
        const onStatus = (changed: NamespaceStream) => this.#tell(changed);
        const stream = new NamespaceStream({ api, faults, spec, onStatus });
        return [
          namespace,
          { stream, reader: new JetStreamReader({ stream, api, directGets, channelPrefix }) },
        ];
      }),
    );
    if (this.#stores.size === 0) return;
    link.onState((state) => {
      clearTimeout(this.#timer);
      if (state === "connected") this.#checkAll();
    });
    this.#checkAll();
  }

  /** undefined for a namespace without history. */
  storeOf(namespace: string): NamespaceStore | undefined {
    return this.#stores.get(namespace);
  }

  /** Status by namespace with history. */
  get statuses(): ReadonlyMap<string, StreamStatus> {
    return new Map([...this.#stores].map(([namespace, { stream }]) => [namespace, stream.status]));
  }

  /** Direct Gets sent since start. */
  get directGets(): number {
    return this.#directGets.sent;
  }

  /** @returns a function that takes the listener away again. */
  onStatus(listener: StreamStatusListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #checkAll(): void {
    clearTimeout(this.#timer);
    if (!this.#parts.link.open) return;
    for (const { stream } of this.#stores.values()) stream.check();
    const pause = CHECK_INTERVAL_MS * (1 - Math.random() * CHECK_JITTER);
    this.#timer = setTimeout(() => this.#checkAll(), pause).unref();
  }

  #tell(stream: NamespaceStream): void {
    for (const listener of [...this.#listeners]) listener(stream.spec.namespace, stream.status);
  }
}
