import type { BrokerError, JoinFrom } from "@tidegate/broker";
import type { Position, ResetReason } from "@tidegate/protocol";
import type { Seat } from "../fan-out/audience.ts";
import type { Seated } from "../fan-out/channel-entry.ts";
import { checkpointOf } from "../fan-out/checkpoint.ts";
import type { Format, Frame } from "../fan-out/format.ts";
import type { HeldChannel } from "../fan-out/held-channel.ts";
import type { Hub } from "../fan-out/hub.ts";

/** Whoever owns subscriptions and gets their messages. */
export interface Subscriber {
  /** @param replayable messages that must not be skipped. */
  deliver(frames: readonly Frame[], replayable: boolean): void;
  /** Messages of the subscription may be missing here. */
  reset(subscription: Subscription, reason: ResetReason, position: Position): void;
  /** The broker gave the channel up. */
  lose(subscription: Subscription, error: BrokerError): void;
}

/**
 * - `idle`: nobody asked for the seat.
 * - `joining`: asked of the broker, not confirmed.
 * - `active`: has a seat; messages arrive.
 * - `ended`: given up; a confirmation that still comes changes nothing.
 */
type Stage =
  | { readonly kind: "idle" }
  | { readonly kind: "joining"; readonly settle: (outcome: JoinOutcome) => void }
  | { readonly kind: "active" }
  | { readonly kind: "ended" };

const IDLE: Stage = { kind: "idle" };
const ACTIVE: Stage = { kind: "active" };
const ENDED: Stage = { kind: "ended" };

/** `ended`: the subscription was given up before it stood. */
export type JoinOutcome = Seated | { readonly kind: "ended" };

/** One connection's subscription to one channel or pattern. */
export class Subscription implements Seat {
  index = -1;
  due = 0;
  readonly format: Format;
  readonly #subscriber: Subscriber;
  readonly #held: HeldChannel;
  #stage: Stage = IDLE;

  constructor(subscriber: Subscriber, format: Format, held: HeldChannel) {
    this.format = format;
    this.#subscriber = subscriber;
    this.#held = held;
  }

  get name(): string {
    return this.#held.name;
  }

  get replayable(): boolean {
    return this.#held.replayable;
  }

  get isActive(): boolean {
    return this.#stage.kind === "active";
  }

  /** Asks for the seat, once. `settle` is called exactly once, perhaps before this returns. */
  join(from: JoinFrom, settle: (outcome: JoinOutcome) => void): void {
    if (this.#stage.kind === "ended") {
      settle({ kind: "ended" });
      return;
    }
    this.#stage = { kind: "joining", settle };
    this.#held.join(from, this, (seated) => {
      this.#stage = seated.kind === "failed" ? IDLE : ACTIVE;
      settle(seated);
    });
  }

  end(): void {
    const stage = this.#stage;
    if (stage.kind === "ended") {
      return;
    }
    this.#stage = ENDED;
    this.#held.release();
    if (stage.kind === "joining") {
      stage.settle({ kind: "ended" });
    }
  }

  /** See {@link HeldChannel.checkpoint}. */
  checkpoint(): Position | undefined {
    return this.#held.checkpoint();
  }

  /** See {@link HeldChannel.lastSequence}. */
  get lastSequence(): number {
    return this.#held.lastSequence;
  }

  deliver(frames: readonly Frame[]): void {
    this.#subscriber.deliver(frames, this.#held.replayable);
  }

  reset(reason: ResetReason, position: Position): void {
    this.#subscriber.reset(this, reason, position);
  }

  catchingUp(_active: boolean): void {
    // The checkpoint stands still meanwhile, and every message carries a cursor of its own channel alone.
  }

  lost(error: BrokerError): void {
    this.#subscriber.lose(this, error);
  }
}

/**
 * - `undefined`: none.
 * - a subscription: the only one, as most connections have.
 * - a map: several, by name.
 */
type Holding = Subscription | Map<string, Subscription> | undefined;

/** The subscriptions of one connection. */
export class Subscriptions {
  #holding: Holding;

  get size(): number {
    const holding = this.#holding;
    return holding instanceof Map ? holding.size : holding === undefined ? 0 : 1;
  }

  /** Whether any of them may miss messages without being told by a reset. */
  get hasLive(): boolean {
    const holding = this.#holding;
    return holding instanceof Subscription
      ? !holding.replayable
      : this.#all().some((subscription) => !subscription.replayable);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  names(): readonly string[] {
    return this.#all().map(({ name }) => name);
  }

  add(hub: Hub, subscriber: Subscriber, name: string, format: Format): Subscription {
    const subscription = new Subscription(subscriber, format, hub.hold(name));
    const holding = this.#holding;
    if (holding === undefined) {
      this.#holding = subscription;
    } else if (holding instanceof Map) {
      holding.set(name, subscription);
    } else {
      this.#holding = new Map([
        [holding.name, holding],
        [name, subscription],
      ]);
    }
    return subscription;
  }

  /** Ends a subscription; false if there is none of that name. */
  remove(name: string): boolean {
    const subscription = this.#find(name);
    if (subscription === undefined) {
      return false;
    }
    this.removeOne(subscription);
    return true;
  }

  /** Ends exactly this one, and not a later one of the same name. */
  removeOne(subscription: Subscription): void {
    const holding = this.#holding;
    if (holding === subscription) {
      this.#holding = undefined;
    } else if (holding instanceof Map && holding.get(subscription.name) === subscription) {
      holding.delete(subscription.name);
    }
    subscription.end();
  }

  clear(): void {
    const all = this.#all();
    this.#holding = undefined;
    for (const subscription of all) {
      subscription.end();
    }
  }

  /** Delivers what is held back to go out with others. */
  serve(): void {
    for (const subscription of this.#all()) {
      subscription.checkpoint();
    }
  }

  /** See {@link checkpointOf}; `undefined` also while one of the replayable ones does not stand yet. */
  checkpoint(): string | undefined {
    const replayable = this.#all().filter((subscription) => subscription.replayable);
    return replayable.length > 0 && replayable.every((subscription) => subscription.isActive)
      ? checkpointOf(replayable)
      : undefined;
  }

  #find(name: string): Subscription | undefined {
    const holding = this.#holding;
    if (holding instanceof Map) {
      return holding.get(name);
    }
    return holding?.name === name ? holding : undefined;
  }

  #all(): readonly Subscription[] {
    const holding = this.#holding;
    if (holding instanceof Map) {
      return [...holding.values()];
    }
    return holding === undefined ? NONE : [holding];
  }
}

const NONE: readonly Subscription[] = [];
