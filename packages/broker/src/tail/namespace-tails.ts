import type { BrokerError } from "../broker-error.ts";
import type { Confirmations } from "../confirmations.ts";
import type { Faults } from "../faults.ts";
import type { HeaderReader } from "../header-reader.ts";
import type { BrokerState, Link } from "../link.ts";
import type { Outbound } from "../outbound.ts";
import type { NamespaceStore, Streams } from "../store/streams.ts";
import { BrokerReads } from "./broker-reads.ts";
import { NamespaceWatch } from "./namespace-watch.ts";
import type { ReadLimiter } from "./read-limiter.ts";
import { Ring } from "./ring.ts";
import type { RingBudget } from "./ring-budget.ts";
import { SharedHeads } from "./shared-heads.ts";
import { Tail } from "./tail.ts";
import type { TailLimits } from "./tail-limits.ts";
import type { TailOptions } from "./tail-options.ts";
import type { TailCounts } from "./tail-stats.ts";

export interface NamespaceTailsParts {
  readonly namespace: string;
  readonly store: NamespaceStore;
  readonly streams: Streams;
  readonly link: Link;
  readonly confirmations: Confirmations;
  readonly outbound: Outbound;
  readonly reader: HeaderReader;
  readonly faults: Faults;
  readonly subjectPrefix: string;
  readonly options: TailOptions;
  readonly budget: RingBudget;
  readonly limiter: ReadLimiter;
  readonly limits: TailLimits;
  readonly counts: TailCounts;
  readonly onEnded: (tail: Tail) => void;
  /** The last tail has ended. */
  readonly onVacated: (missedTicks: number) => void;
}

/** The tails of one namespace and what watches over all of them. Lives from its first tail to its last. */
export class NamespaceTails {
  readonly #parts: NamespaceTailsParts;
  readonly #reads: BrokerReads;
  readonly #watch: NamespaceWatch;
  readonly #tails = new Map<string, Tail>();
  readonly #stopWatching: () => void;

  constructor(parts: NamespaceTailsParts) {
    this.#parts = parts;
    const { store, limiter, faults, link, outbound, reader, subjectPrefix, namespace, options } = parts;
    const heads = new SharedHeads(store.reader, limiter);
    this.#reads = new BrokerReads({ reader: store.reader, heads, limiter, faults });
    this.#watch = new NamespaceWatch({
      namespace,
      streamName: store.stream.spec.name,
      subjectPrefix,
      connection: link.nats,
      outbound,
      stream: store.reader,
      reader,
      faults,
      tickMs: options.tickMs,
      sweepMs: options.sweepMs,
      onSuspicion: () => this.#each((tail) => tail.core.suspect()),
      onRegressed: () => this.#each((tail) => tail.core.regressed()),
      onSweep: () => this.#sweep(),
    });
    this.#stopWatching = parts.streams.onStatus((changed, status) => {
      if (changed !== namespace || status.kind !== "fit") return;
      const { epoch } = status;
      this.#each(({ core }) => {
        // It is another stream than before; one that is only fit again shows by its ticks what was missed.
        if (core.position !== undefined && core.epoch !== epoch) core.suspect();
      });
    });
  }

  get size(): number {
    return this.#tails.size;
  }

  get missedTicks(): number {
    return this.#watch.missed;
  }

  get(name: string): Tail | undefined {
    return this.#tails.get(name);
  }

  open(name: string): Tail {
    const { link, subjectPrefix, reader, faults, budget, limits, counts, options } = this.#parts;
    const tail = new Tail(name, {
      connection: link.nats,
      outPrefix: `${subjectPrefix}out`,
      channelOffset: subjectPrefix.length + 1,
      reader,
      faults,
      reads: this.#reads,
      ring: new Ring(budget, options.ringMessages),
      limits,
      counts,
      onEnded: (ended) => this.#onEnded(ended),
    });
    this.#tails.set(name, tail);
    this.#parts.confirmations.confirm().then(
      () => faults.run("a tail", () => tail.confirmed()),
      (error: BrokerError) => tail.end(error),
    );
    return tail;
  }

  onLink(state: BrokerState): void {
    this.#watch.setConnected(state === "connected");
    switch (state) {
      case "connected":
        this.#onReconnected();
        return;
      case "disconnected":
        this.#each((tail) => tail.core.interrupted());
        return;
      case "closed": {
        const error = this.#parts.link.refusal();
        this.#each((tail) => tail.end(error));
      }
    }
  }

  /** nats.js has written all SUBs again; from when the server has handled them, nothing is lost. */
  #onReconnected(): void {
    this.#parts.confirmations.confirm().then(
      () => this.#each((tail) => tail.core.suspect()),
      () => {
        // Disconnected again: the next reconnect tells.
      },
    );
  }

  /** Of all: one that has moved since the last time may have lost what came last. Patterns prove their floor only here. */
  #sweep(): void {
    this.#each((tail) => tail.core.check());
  }

  #each(visit: (tail: Tail) => void): void {
    for (const tail of [...this.#tails.values()]) {
      this.#parts.faults.run("a tail", () => visit(tail));
    }
  }

  #onEnded(tail: Tail): void {
    if (this.#tails.get(tail.name) === tail) this.#tails.delete(tail.name);
    this.#parts.onEnded(tail);
    if (this.#tails.size > 0) return;
    this.#watch.close();
    this.#stopWatching();
    this.#parts.onVacated(this.#watch.missed);
  }
}
