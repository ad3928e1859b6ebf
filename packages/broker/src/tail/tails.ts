import { isPattern, namespaceOf } from "@tidegate/protocol";
import { BrokerError } from "../broker-error.ts";
import type { Confirmations } from "../confirmations.ts";
import type { Faults } from "../faults.ts";
import type { HeaderReader } from "../header-reader.ts";
import { Linger } from "../linger.ts";
import type { Link } from "../link.ts";
import type { Outbound } from "../outbound.ts";
import { Registration } from "../registration.ts";
import type { Streams } from "../store/streams.ts";
import type { Follow, TailListener } from "./follow.ts";
import { NamespaceTails } from "./namespace-tails.ts";
import { ReadLimiter } from "./read-limiter.ts";
import { RingBudget } from "./ring-budget.ts";
import type { Tail, TailFollower } from "./tail.ts";
import { TAIL_LIMITS } from "./tail-limits.ts";
import type { TailOptions } from "./tail-options.ts";
import { TailCounts, type TailStatsReading } from "./tail-stats.ts";

export interface TailsParts {
  readonly link: Link;
  readonly confirmations: Confirmations;
  readonly outbound: Outbound;
  readonly reader: HeaderReader;
  readonly faults: Faults;
  readonly streams: Streams;
  readonly subjectPrefix: string;
  readonly lingerMs: number;
  readonly options: TailOptions;
}

/**
 * The replayable channels this node follows: one tail per channel or pattern however many follow it, kept a while after the last
 * one has left.
 */
export class Tails {
  readonly #parts: TailsParts;
  readonly #namespaces = new Map<string, NamespaceTails>();
  readonly #linger: Linger<Tail>;
  readonly #budget: RingBudget;
  readonly #limiter: ReadLimiter;
  readonly #counts = new TailCounts();
  /** By namespaces that nobody follows any more. */
  #pastMissedTicks = 0;

  constructor(parts: TailsParts) {
    const { options, link } = parts;
    this.#parts = parts;
    this.#budget = new RingBudget(options.ringBytes);
    this.#limiter = new ReadLimiter(options.mostReads);
    this.#linger = new Linger(parts.lingerMs, (tail) =>
      tail.end(new BrokerError("closed", "nobody follows")),
    );
    link.onState((state) => {
      if (state !== "connected") this.#linger.expireAll();
      for (const namespace of [...this.#namespaces.values()]) namespace.onLink(state);
    });
  }

  get stats(): TailStatsReading {
    const namespaces = [...this.#namespaces.values()];
    return {
      ...this.#counts,
      tailResets: { ...this.#counts.tailResets },
      tails: namespaces.reduce((sum, { size }) => sum + size, 0),
      lingeringTails: this.#linger.size,
      ringBytes: this.#budget.usedBytes,
      streamReads: this.#limiter.started,
      missedTicks: namespaces.reduce((sum, { missedTicks }) => sum + missedTicks, this.#pastMissedTicks),
    };
  }

  /** @throws TypeError if the namespace keeps no history. */
  follow(name: string, listener: TailListener): Follow {
    const { link, faults } = this.#parts;
    const registration = new Registration((error) => listener.closed(error), faults);
    if (!link.open) {
      const error = link.refusal();
      registration.fail(error);
      return {
        ready: registration.ready,
        position: undefined,
        join: (_from, joined) => joined({ kind: "failed", error }),
        catchUp: (_place, _most, read) => read({ kind: "failed", error }),
        close: () => {},
      };
    }
    const tail = this.#tailOf(name);
    const follower: TailFollower = { listener, registration };
    tail.add(follower);
    return {
      ready: registration.ready,
      get position() {
        return tail.core.position;
      },
      join: (from, joined, signal) => {
        if (from.kind === "last" && isPattern(name)) throw new TypeError("a pattern has no last messages");
        tail.join(from, (outcome) => faults.run("a join", () => joined(outcome)), signal);
      },
      catchUp: (place, most, read, signal) => {
        tail.catchUp({
          place,
          most,
          read: (piece) => faults.run("a catch-up", () => read(piece)),
          signal,
        });
      },
      close: () => {
        if (registration.close()) this.#leave(tail, follower);
      },
    };
  }

  #tailOf(name: string): Tail {
    const namespace = this.#namespaceOf(namespaceOf(name));
    const known = namespace.get(name);
    if (known === undefined) return namespace.open(name);
    this.#linger.remove(known);
    return known;
  }

  #leave(tail: Tail, follower: TailFollower): void {
    tail.remove(follower);
    if (!tail.idle || tail.ended) return;
    if (this.#parts.link.open) this.#linger.add(tail);
    else tail.end(new BrokerError("closed", "nobody follows"));
  }

  #namespaceOf(name: string): NamespaceTails {
    const known = this.#namespaces.get(name);
    if (known !== undefined) return known;
    const store = this.#parts.streams.storeOf(name);
    if (store === undefined) throw new TypeError(`namespace ${name} keeps no history`);
    const { options, link, confirmations, outbound, reader, faults, subjectPrefix } = this.#parts;
    const namespace = new NamespaceTails({
      namespace: name,
      store,
      streams: this.#parts.streams,
      link,
      confirmations,
      outbound,
      reader,
      faults,
      subjectPrefix,
      options,
      budget: this.#budget,
      limiter: this.#limiter,
      limits: { ...TAIL_LIMITS, replayMessages: options.replayMessages, replayBytes: options.replayBytes },
      counts: this.#counts,
      onEnded: (tail) => this.#linger.remove(tail),
      onVacated: (missedTicks) => {
        this.#pastMissedTicks += missedTicks;
        this.#namespaces.delete(name);
      },
    });
    this.#namespaces.set(name, namespace);
    return namespace;
  }
}
