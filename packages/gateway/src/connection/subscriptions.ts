import type { BrokerError, JoinFrom, PieceLimits } from "@tidegate/broker";
import type { Position, ResetReason } from "@tidegate/protocol";
import type { Seat } from "../fan-out/audience.ts";
import type { CatchUpOutcome, Laggard } from "../fan-out/catch-up.ts";
import type { Seated } from "../fan-out/channel-entry.ts";
import { checkpointOf } from "../fan-out/checkpoint.ts";
import type { Format, Frame } from "../fan-out/format.ts";
import type { HeldChannel } from "../fan-out/held-channel.ts";
import type { Hub } from "../fan-out/hub.ts";
import type { Line } from "../fan-out/line.ts";

/** Where the messages of subscriptions go. */
export interface Deliveries {
  /** Messages of one flush. Those of a replayable channel must not be skipped: see {@link Subscription.fallBehind}. */
  deliver(subscription: Subscription, frames: readonly Frame[]): void;
  /** A piece of what a subscription lacked that had fallen behind: not to be skipped. */
  replay(frames: readonly Frame[]): void;
  /** Where flushes may go without being handed over here, as long as nothing is said of it. */
  readonly line: Line | undefined;
  /** One of those has not gone out whole. */
  strained(outcome: number): void;
}

/** Whoever owns subscriptions. */
export interface Subscriber {
  /** One for its whole life: each subscription keeps it, since a delivery pays for every object that it is passed on by. */
  readonly deliveries: Deliveries;
  /** Messages of the subscription may be missing here. */
  reset(subscription: Subscription, reason: ResetReason, position: Position): void;
  /** The broker gave the channel up. */
  lose(subscription: Subscription, error: BrokerError): void;
}

/**
 * - `idle`: nobody asked for the seat.
 * - `joining`: asked of the broker, not confirmed.
 * - `active`: has a seat; messages arrive.
 * - `behind`: gave its seat up for a while; `took` if something is being read for it.
 * - `ended`: given up; a confirmation that still comes changes nothing.
 */
type Stage =
  | { readonly kind: "idle" }
  | { readonly kind: "joining"; readonly settle: (outcome: JoinOutcome) => void }
  | { readonly kind: "active" }
  | { readonly kind: "behind"; readonly took: ((outcome: CatchUpOutcome) => void) | undefined }
  | { readonly kind: "ended" };

const IDLE: Stage = { kind: "idle" };
const ACTIVE: Stage = { kind: "active" };
const BEHIND: Stage = { kind: "behind", took: undefined };
const ENDED: Stage = { kind: "ended" };

/** `ended`: the subscription was given up before it stood. */
export type JoinOutcome = Seated | { readonly kind: "ended" };

/** One connection's subscription to one channel or pattern. */
export class Subscription implements Laggard, Seat {
  index = -1;
  due = 0;
  readonly format: Format;
  /** Of what is held, but asked at each delivery: one object less to fetch from memory for each. */
  readonly replayable: boolean;
  readonly #deliveries: Deliveries;
  readonly #subscriber: Subscriber;
  readonly #held: HeldChannel;
  #stage: Stage = IDLE;

  constructor(subscriber: Subscriber, format: Format, held: HeldChannel) {
    this.format = format;
    this.replayable = held.replayable;
    this.#deliveries = subscriber.deliveries;
    this.#subscriber = subscriber;
    this.#held = held;
  }

  get name(): string {
    return this.#held.name;
  }

  get isActive(): boolean {
    return this.#stage.kind === "active";
  }

  get isBehind(): boolean {
    return this.#stage.kind === "behind";
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

  /**
   * Takes nothing of what is being delivered, and nothing else until it has caught up.
   *
   * @param place up to which it was served, if that is not up to this delivery.
   */
  fallBehind(place: Position | undefined): void {
    if (this.#stage.kind === "active") {
      this.#stage = BEHIND;
      this.#held.pause(place);
    }
  }

  catchUp(most: PieceLimits, took: (outcome: CatchUpOutcome) => void): void {
    this.#stage = { kind: "behind", took };
    this.#held.catchUp(most, (step) => {
      this.#stage = step.kind === "reset" || (step.kind === "piece" && step.isSeated) ? ACTIVE : BEHIND;
      if (step.kind === "piece" && step.frames.length > 0) {
        this.#deliveries.replay(step.frames);
      }
      took(step);
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
    } else if (stage.kind === "behind") {
      stage.took?.({ kind: "ended" });
    }
  }

  get line(): Line | undefined {
    return this.#deliveries.line;
  }

  strained(outcome: number): void {
    this.#deliveries.strained(outcome);
  }

  /** See {@link HeldChannel.relay}. */
  relay(): void {
    this.#held.relay();
  }

  /** See {@link HeldChannel.checkpoint}. */
  checkpoint(): Position | undefined {
    return this.#held.checkpoint();
  }

  /** See {@link HeldChannel.serve}. */
  serve(): void {
    this.#held.serve();
  }

  /** See {@link HeldChannel.lastSequence}. */
  get lastSequence(): number {
    return this.#held.lastSequence;
  }

  deliver(frames: readonly Frame[]): void {
    this.#deliveries.deliver(this, frames);
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

  /** There is another line now, or none. */
  relay(): void {
    for (const subscription of this.#all()) {
      subscription.relay();
    }
  }

  /** Delivers what is held back to go out with others. */
  serve(): void {
    for (const subscription of this.#all()) {
      subscription.serve();
    }
  }

  /** See {@link checkpointOf}; `undefined` also while one of the replayable ones does not stand yet. */
  checkpoint(): string | undefined {
    const replayable = this.#all().filter((subscription) => subscription.replayable);
    if (replayable.length === 0 || !replayable.every(({ isActive }) => isActive)) {
      return undefined;
    }
    const cursor = checkpointOf(replayable);
    // Asking delivers what was held back, and that may have been too much.
    return replayable.every(({ isActive }) => isActive) ? cursor : undefined;
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
