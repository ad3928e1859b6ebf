import type { Msg, NatsConnection, Subscription as NatsSubscription } from "@nats-io/transport-node";
import { BrokerError } from "../broker-error.ts";
import type { Faults } from "../faults.ts";
import type { HeaderReader } from "../header-reader.ts";
import type { Registration } from "../registration.ts";
import { readDelivery } from "../store/read-stored-message.ts";
import type { Joined, JoinFrom, TailListener } from "./follow.ts";
import type { Laggard } from "./joiner.ts";
import type { Ring } from "./ring.ts";
import { TailCore } from "./tail-core.ts";
import type { TailLimits } from "./tail-limits.ts";
import type { TailReads } from "./tail-reads.ts";
import type { TailCounts } from "./tail-stats.ts";

export interface TailFollower {
  readonly listener: TailListener;
  readonly registration: Registration;
}

export interface TailParts {
  readonly connection: NatsConnection;
  /** `rtout`: where the server republishes to. */
  readonly outPrefix: string;
  /** Length of `rt.`, which precedes the channel in the original subject. */
  readonly channelOffset: number;
  readonly reader: HeaderReader;
  readonly faults: Faults;
  readonly reads: TailReads;
  readonly ring: Ring;
  readonly limits: TailLimits;
  readonly counts: TailCounts;
  /** The tail has ended by itself: refused, or its stream cannot be read. */
  readonly onEnded: (tail: Tail, error: BrokerError) => void;
}

const NO_FOLLOWERS: readonly TailFollower[] = [];

/** One NATS subscription to what a stream republishes, its sequence-checked view, and everybody on this node who follows it. */
export class Tail {
  /** Channel or pattern; key of this in the table. */
  readonly name: string;
  readonly core: TailCore;
  readonly #parts: TailParts;
  readonly #nats: NatsSubscription;
  /** Replaced, never changed: a listener may follow or leave while it is being iterated. */
  #followers = NO_FOLLOWERS;
  #state: "opening" | "following" | "ended" = "opening";
  #error = new BrokerError("closed", "the tail has ended");

  /** Writes the SUB. */
  constructor(name: string, parts: TailParts) {
    this.name = name;
    this.#parts = parts;
    const { reads, ring, limits, counts, faults } = parts;
    this.core = new TailCore({
      filter: name,
      reads,
      ring,
      limits,
      counts,
      effects: {
        started: () => this.#started(),
        failed: (error) => this.end(error),
        deliver: (message) => this.#tell((listener) => listener.message(message)),
        reset: (reason, position) => this.#tell((listener) => listener.reset(reason, position)),
        catchingUp: (active) => this.#tell((listener) => listener.catchingUp(active)),
      },
    });
    this.#nats = parts.connection.subscribe(`${parts.outPrefix}.${name}`, {
      callback: (error, message) => {
        try {
          if (error === null) this.#receive(message);
          else this.end(new BrokerError("denied", error.message));
        } catch (cause) {
          faults.callbackFailed("a tail", cause);
        }
      },
    });
  }

  get idle(): boolean {
    return this.#followers.length === 0;
  }

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** The server has the subscription in force for the first time. */
  confirmed(): void {
    if (this.#state === "opening") this.core.start();
  }

  add(follower: TailFollower): void {
    this.#followers = [...this.#followers, follower];
    if (this.#state === "following") follower.registration.confirm();
  }

  remove(follower: TailFollower): void {
    this.#followers = this.#followers.filter((other) => other !== follower);
  }

  join(from: JoinFrom, joined: (joined: Joined) => void, signal: AbortSignal | undefined): void {
    if (this.#state === "ended") joined({ kind: "failed", error: this.#error });
    else this.core.join({ from, joined, signal });
  }

  catchUp(laggard: Laggard): void {
    if (this.#state === "ended") laggard.read({ kind: "failed", error: this.#error });
    else this.core.catchUp(laggard);
  }

  /** Ends everybody's following. */
  end(error: BrokerError): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#error = error;
    this.core.end(error);
    if (!this.#parts.connection.isClosed()) this.#nats.unsubscribe();
    this.#parts.onEnded(this, error);
    const followers = this.#followers;
    this.#followers = NO_FOLLOWERS;
    for (const { registration } of followers) registration.fail(error);
  }

  #started(): void {
    this.#state = "following";
    for (const { registration } of this.#followers) registration.confirm();
  }

  #receive(message: Msg): void {
    const { reader, channelOffset } = this.#parts;
    const delivery = readDelivery(message, reader, channelOffset);
    // Only the server can publish here where permissions are set as documented; whoever else does is not believed.
    if (delivery !== undefined) this.core.live(delivery.message, delivery.lastSequence);
  }

  #tell(call: (listener: TailListener) => void): void {
    const followers = this.#followers;
    for (let index = 0; index < followers.length; index++) {
      const follower = followers[index];
      if (follower === undefined || !follower.registration.open) continue;
      try {
        call(follower.listener);
      } catch (cause) {
        this.#parts.faults.callbackFailed("a tail listener", cause);
      }
    }
  }
}
