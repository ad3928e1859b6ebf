import type { Seat } from "../fan-out/audience.ts";
import type { Format, Frame } from "../fan-out/format.ts";
import type { HeldChannel, Hub } from "../fan-out/hub.ts";

/** Whoever owns subscriptions and gets their messages. */
export interface Subscriber {
  deliver(frames: readonly Frame[]): void;
}

/**
 * - `pending`: asked of the broker, not confirmed.
 * - `active`: has a seat; messages arrive.
 * - `ended`: given up; a confirmation that still comes changes nothing.
 */
type Stage = "pending" | "active" | "ended";

/** One connection's subscription to one channel or pattern. */
export class Subscription implements Seat {
  index = -1;
  readonly name: string;
  readonly #subscriber: Subscriber;
  readonly #format: Format;
  readonly #held: HeldChannel;
  #stage: Stage = "pending";

  constructor(subscriber: Subscriber, name: string, format: Format, held: HeldChannel) {
    this.name = name;
    this.#subscriber = subscriber;
    this.#format = format;
    this.#held = held;
  }

  get ready(): Promise<void> {
    return this.#held.ready;
  }

  get owner(): Subscriber {
    return this.#subscriber;
  }

  get isEnded(): boolean {
    return this.#stage === "ended";
  }

  /** Takes the seat, once; none any more if it was given up. */
  activate(): void {
    if (this.#stage === "pending") {
      this.#stage = "active";
      this.#held.channel.join(this, this.#format);
    }
  }

  end(): void {
    if (this.#stage === "active") {
      this.#held.channel.leave(this, this.#format);
    }
    if (this.#stage !== "ended") {
      this.#stage = "ended";
      this.#held.release();
    }
  }

  deliver(frames: readonly Frame[]): void {
    this.#subscriber.deliver(frames);
  }
}

/** The subscriptions of one connection. The map is made with the first one: idle connections have none. */
export class Subscriptions {
  #byName: Map<string, Subscription> | undefined;

  get size(): number {
    return this.#byName?.size ?? 0;
  }

  has(name: string): boolean {
    return this.#byName?.has(name) ?? false;
  }

  names(): readonly string[] {
    return this.#byName === undefined ? [] : [...this.#byName.keys()];
  }

  add(hub: Hub, subscriber: Subscriber, name: string, format: Format): Subscription {
    const subscription = new Subscription(subscriber, name, format, hub.hold(name));
    this.#byName ??= new Map();
    this.#byName.set(name, subscription);
    return subscription;
  }

  /** Ends a subscription; false if there is none of that name. */
  remove(name: string): boolean {
    const subscription = this.#byName?.get(name);
    this.#byName?.delete(name);
    subscription?.end();
    return subscription !== undefined;
  }

  /** Ends exactly this one, and not a later one of the same name. */
  removeOne(subscription: Subscription): void {
    if (this.#byName?.get(subscription.name) === subscription) {
      this.#byName.delete(subscription.name);
    }
    subscription.end();
  }

  clear(): void {
    const all = this.#byName;
    this.#byName = undefined;
    for (const subscription of all?.values() ?? []) {
      subscription.end();
    }
  }
}
